output "workload_identity_provider" {
  description = "Name of the provider, for the variable SERVICES_WORKLOAD_IDENTITY_PROVIDER of the organisation at the git host."
  value       = google_iam_workload_identity_pool_provider.services.name
}
