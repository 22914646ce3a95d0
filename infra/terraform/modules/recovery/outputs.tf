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

output "application_pool" {
  description = "What the application pool is made with: nodes per zone (0 in a standby), and whether an autoscaler sizes it."
  value = {
    nodes_per_zone = module.region.application_nodes_per_zone
    autoscaled     = module.region.application_autoscaled
  }
}
