output "key_ring_id" {
  description = "Full id of the key ring."
  value       = google_kms_key_ring.this.id
}

output "keys" {
  description = "Name -> full id of the key, known once the services that use it may do so."
  value       = { for name, key in google_kms_crypto_key.this : name => key.id }
  depends_on  = [time_sleep.grants]
}
