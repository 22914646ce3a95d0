output "network" {
  description = "Network of the project: id, self link and name."
  value       = { id = module.network.id, self_link = module.network.self_link, name = module.network.name }
}

output "subnets" {
  description = "Region -> tier -> subnet."
  value       = module.network.subnets
}

output "egress_tag" {
  description = "Tag of machines that may reach the internet through the NAT."
  value       = module.network.egress_tag
}

output "private_zones" {
  description = "Name -> domain of each private zone."
  value       = module.dns.private_zones
}

output "binary_authorization" {
  description = "Policy of what images may run."
  value       = module.binary_authorization.id
}

output "public_zone" {
  description = "Zone on the internet, and the name servers that the zone above must delegate to."
  value       = module.dns.public_zone
}

output "certificate_proofs" {
  description = "Host -> authorization that the regions' certificates are issued by."
  value       = module.dns.authorizations
}

output "edge_policy" {
  description = "Policy in front of the public routes, by id and by the name that GCPBackendPolicy objects give."
  value       = { id = module.cloud_armor.id, name = module.cloud_armor.name }
}
