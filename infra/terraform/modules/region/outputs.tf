output "cluster" {
  description = "The cluster: id, name, location, DNS endpoint of its control plane, topic of its notifications."
  value = {
    id                 = module.gke.id
    name               = module.gke.name
    location           = module.gke.location
    dns_endpoint       = module.gke.dns_endpoint
    notification_topic = module.gke.notification_topic
  }
}

output "node_accounts" {
  description = "Pool -> account of its nodes; the registry lets them pull."
  value       = module.gke.node_accounts
}

output "database" {
  description = "Account of the machines, the services' endpoints and the members."
  value = {
    service_account = module.db_cluster.service_account
    endpoints       = module.db_cluster.endpoints
    members         = module.db_cluster.members
  }
}

output "gateway" {
  description = "Address of the gateway, and the names by which it is found: of the address, the certificate map and the TLS policy."
  value = {
    address         = module.gateway.address
    address_name    = module.gateway.address_name
    certificate_map = module.gateway.certificate_map
    ssl_policy      = module.gateway.ssl_policy
  }
}

output "egress_addresses" {
  description = "Addresses that partners see."
  value       = module.ha_nat.ips
}

output "identities" {
  description = "Account id -> e-mail address."
  value       = { for id, identity in module.identity : id => identity.email }
}

output "secrets" {
  description = "Id of the secret -> its full name."
  value       = module.secrets.ids
}

output "kms_keys" {
  description = "Name -> id of the region's keys."
  value       = module.kms.keys
}

output "application_nodes_per_zone" {
  description = "Nodes per zone that the application pool is made with: 0 in a standby."
  value       = local.application_pool.nodes_per_zone
}

output "application_autoscaled" {
  description = "Whether an autoscaler sizes the application pool; otherwise recovery runs do."
  value       = local.application_pool.autoscaling != null
}
