output "id" {
  description = "Id of the policy."
  value       = google_compute_security_policy.this.id
}

output "name" {
  description = "Name that GCPBackendPolicy objects give (securityPolicy)."
  value       = google_compute_security_policy.this.name
}
