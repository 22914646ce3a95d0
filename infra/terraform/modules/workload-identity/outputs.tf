output "email" {
  description = "E-mail address of the account, for the annotation iam.gke.io/gcp-service-account."
  value       = google_service_account.this.email
}

output "member" {
  description = "The account as a member of a binding (serviceAccount:…)."
  value       = google_service_account.this.member
}

output "name" {
  description = "Full name of the account (projects/P/serviceAccounts/…)."
  value       = google_service_account.this.name
}
