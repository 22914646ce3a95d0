output "service_account" {
  description = "Account of the machines; the archive lets it write to its bucket."
  value       = google_service_account.database.email
}

output "endpoints" {
  description = "rw, replication, ro and redis: host, port and address of each service."
  value = merge(
    { for name, service in local.services : name => {
      host    = "${name}.${trimsuffix(var.dns.domain, ".")}"
      port    = service.port
      address = google_compute_address.service[name].address
    } },
    { redis = {
      host    = "redis.${trimsuffix(var.dns.domain, ".")}"
      port    = var.ports.redis
      address = google_compute_address.cache.address
    } },
  )
}

output "members" {
  description = "Machine -> host, address and zone."
  value = { for name, zone in var.members : name => {
    host    = "${name}.${trimsuffix(var.dns.domain, ".")}"
    address = google_compute_address.member[name].address
    zone    = zone
  } }
}
