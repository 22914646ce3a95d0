output "project_id" {
  description = "Id of the project, known once its APIs are enabled and Google's own accounts exist: whoever reads it may use them at once."
  value       = google_project.this.project_id
  depends_on  = [google_project_service.this, google_project_service_identity.this, data.google_storage_project_service_account.this, data.google_bigquery_default_service_account.this]
}

output "number" {
  description = "Number of the project; Google's own accounts are named after it."
  value       = google_project.this.number
  depends_on  = [google_project_service.this, google_project_service_identity.this, data.google_storage_project_service_account.this, data.google_bigquery_default_service_account.this]
}

output "budget" {
  description = "What the budgets module needs to watch this project: { project_number, amount }."
  value       = { project_number = google_project.this.number, amount = var.monthly_budget }
}
