output "service_account_email" {
  description = "Value of iam.gke.io/gcp-service-account on the Kubernetes service account."
  value       = google_service_account.service.email
}

output "image_repository" {
  description = "Where images are pushed, without the image name."
  value       = "${local.site.location}-docker.pkg.dev/${local.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "ledger_api_key_secret" {
  description = "Secret that holds the ledger key."
  value       = google_secret_manager_secret.ledger_api_key.secret_id
}
