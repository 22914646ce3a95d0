# What people and other tools ask for: addresses for partners, where the control plane and the database answer.

output "cluster" {
  description = "The cluster: id, name, location, where its control plane answers, topic of its notifications."
  value       = module.region.cluster
}

output "node_accounts" {
  description = "Pool -> account of its nodes; the registry (project-0-devops/shared) lets them pull."
  value       = module.region.node_accounts
}

output "database" {
  description = "The database: account of the machines, endpoints and members."
  value       = module.region.database
}

output "gateway" {
  description = "What the Gateway of this region names: address, certificate map, TLS policy."
  value       = module.region.gateway
}

output "egress_addresses" {
  description = "Addresses that partners see and put on their lists."
  value       = module.region.egress_addresses
}

output "identities" {
  description = "Account id -> e-mail address, as the annotation iam.gke.io/gcp-service-account has it."
  value       = module.region.identities
}

output "secrets" {
  description = "Id of each secret -> its full name."
  value       = module.region.secrets
}

output "kms_keys" {
  description = "Name -> id of the keys of the region."
  value       = module.region.kms_keys
}

output "application_pool" {
  description = "What Terraform makes the pool with: nodes in each zone, and whether it grows by itself. A standby has none."
  value       = { nodes_per_zone = module.region.application_nodes_per_zone, autoscaled = module.region.application_autoscaled }
}
