output "email" {
  description = "Account that Packer becomes (variable builder of infra/packer)."
  value       = google_service_account.builder.email
}
