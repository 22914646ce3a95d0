output "dataset" {
  description = "Id of the dataset of the export (projects/P/datasets/D); the export itself is switched on in the console, once."
  value       = google_bigquery_dataset.export.id
}

output "notification_channel" {
  description = "Id of the channel that hears of budgets."
  value       = google_monitoring_notification_channel.email.id
}

output "budgets" {
  description = "Name -> id of the budget."
  value       = { for name, budget in google_billing_budget.this : name => budget.id }
}
