output "host" {
  description = "Name to connect to; the certificate is checked against it."
  value       = trimsuffix(google_sql_database_instance.portal.dns_name, ".")
}

output "instance" {
  description = "Name of the instance, for gcloud."
  value       = google_sql_database_instance.portal.name
}

output "address" {
  description = "Address of the endpoint in the hub's database subnet."
  value       = google_compute_address.portal.address
}
