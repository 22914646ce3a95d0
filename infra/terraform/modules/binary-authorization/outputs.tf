output "id" {
  description = "Id of the policy, once it is in force: a cluster made before it would admit anything."
  value       = google_binary_authorization_policy.this.id
}
