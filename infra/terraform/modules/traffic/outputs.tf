output "record" {
  description = "The record that recovery runs move: name, type and TTL. Null where Cloud DNS moves it."
  value       = one([for record in google_dns_record_set.traffic : { name = record.name, type = record.type, ttl = record.ttl }])
}
