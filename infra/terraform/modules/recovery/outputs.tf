output "cluster" {
  description = "The cluster: id, name, location, DNS endpoint of its control plane, topic of its notifications."
  value       = module.region.cluster
}

output "node_accounts" {
  description = "Pool -> account of its nodes; the registry lets them pull."
  value       = module.region.node_accounts
}

output "database" {
  description = "Account of the machines, the services' endpoints and the members."
  value       = module.region.database
}

output "gateway" {
  description = "Address of the gateway, and the names by which it is found: of the address, the certificate map and the TLS policy."
  value       = module.region.gateway
}

output "egress_addresses" {
  description = "Addresses that partners see."
  value       = module.region.egress_addresses
}

output "identities" {
  description = "Account id -> e-mail address."
  value       = module.region.identities
}

output "secrets" {
  description = "Id of the secret -> its full name."
  value       = module.region.secrets
}

output "kms_keys" {
  description = "Name -> id of the region's keys."
  value       = module.region.kms_keys
}

output "application_nodes_per_zone" {
  description = "Nodes per zone that the application pool is made with: 0 in a standby."
  value       = module.region.application_nodes_per_zone
}

output "application_autoscaled" {
  description = "Whether an autoscaler sizes the application pool; otherwise recovery runs do."
  value       = module.region.application_autoscaled
}
