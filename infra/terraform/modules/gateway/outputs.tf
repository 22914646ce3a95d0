output "address" {
  description = "Address of the gateway."
  value       = google_compute_global_address.this.address
}

output "address_name" {
  description = "Name of the address, as the Gateway gives it (NamedAddress)."
  value       = google_compute_global_address.this.name
}

output "certificate_map" {
  description = "Name of the certificate map, once its entries are there."
  value       = google_certificate_manager_certificate_map.this.name
  depends_on  = [google_certificate_manager_certificate_map_entry.this]
}

output "ssl_policy" {
  description = "Name of the TLS policy."
  value       = google_compute_ssl_policy.this.name
}
