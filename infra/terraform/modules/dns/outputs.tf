output "public_zone" {
  description = "Public zone: name, domain and the name servers that the zone above must delegate to."
  value = var.public_zone == null ? null : {
    name         = google_dns_managed_zone.public[0].name
    domain       = google_dns_managed_zone.public[0].dns_name
    name_servers = google_dns_managed_zone.public[0].name_servers
  }
}

output "private_zones" {
  description = "Name -> domain of each private zone, known once it is there."
  value       = { for name, zone in google_dns_managed_zone.private : name => zone.dns_name }
}

output "authorizations" {
  description = "Host -> id of its DNS authorization, once its record is there. Module gateway takes these."
  value       = { for host, record in google_dns_record_set.authorization : host => google_certificate_manager_dns_authorization.host[host].id }
}

output "traffic_record" {
  description = "The record that recovery runs move: name, type and TTL."
  value       = one(module.traffic[*].record)
}
