output "thanos_bucket" {
  description = "Bucket of the metrics."
  value       = google_storage_bucket.thanos.name
}

output "techdocs_bucket" {
  description = "Bucket of the documentation."
  value       = google_storage_bucket.techdocs.name
}

output "metrics_address" {
  description = "Address that the Service of Thanos receive asks for."
  value       = google_compute_address.metrics.address
}

output "channels" {
  description = "Name -> id of each notification channel, for other alerts (budgets, audit)."
  value       = { for name, channel in google_monitoring_notification_channel.this : name => channel.id }
}
