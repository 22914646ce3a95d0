output "member" {
  description = "The account as a member of a binding: a writer of the registry."
  value       = google_service_account.publisher.member
}

output "workload_identity_provider" {
  description = "Name of the provider, for the variable WORKLOAD_IDENTITY_PROVIDER of the repository."
  value       = google_iam_workload_identity_pool_provider.pipeline.name
}
