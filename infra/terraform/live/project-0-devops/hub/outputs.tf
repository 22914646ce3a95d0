output "egress_ips" {
  description = "Addresses that others see when the hub calls them."
  value       = module.ha_nat.ips
}

output "nat_machines" {
  description = "NAT machines that the policy on external addresses would have to except; none with Google's NAT."
  value       = module.ha_nat.instances
}

output "network" {
  description = "The hub's network, for the other side of each peering."
  value       = { id = module.network.id, self_link = module.network.self_link, name = module.network.name }
}

output "key_ring" {
  description = "Key ring of the hub."
  value       = module.kms.key_ring_id
}

output "private_zones" {
  description = "Private zones of the hub."
  value       = module.dns.private_zones
}

output "public_zone" {
  description = "Zone of the domain, and the name servers that the registrar is told."
  value       = module.dns.public_zone
}

output "gateway" {
  description = "What the Gateway of the hub names: address, certificate map, TLS policy, and the policy in front of its routes."
  value = {
    address         = module.gateway.address
    address_name    = module.gateway.address_name
    certificate_map = module.gateway.certificate_map
    ssl_policy      = module.gateway.ssl_policy
    edge_policy     = module.cloud_armor.name
    edge_policy_id  = module.cloud_armor.id
  }
}

output "cluster" {
  description = "The hub's cluster: where its control plane answers, its nodes' accounts, the topic of upgrades."
  value = {
    id                 = module.gke.id
    name               = module.gke.name
    location           = module.gke.location
    dns_endpoint       = module.gke.dns_endpoint
    node_accounts      = module.gke.node_accounts
    notification_topic = module.gke.notification_topic
  }
}

output "binary_authorization" {
  description = "Policy of what images may run at the hub."
  value       = module.binary_authorization.id
}

output "identities" {
  description = "Identity -> account, as the annotation iam.gke.io/gcp-service-account has it, and its full name."
  value       = { for name, identity in module.identity : name => { email = identity.email, name = identity.name } }
}

output "secrets" {
  description = "Secrets of the hub by id, and the topic that is told when one is due for rotation."
  value       = { ids = module.secrets.ids, rotation_topic = module.secrets.rotation_topic }
}

output "portal_database" {
  description = "The portal's database: name to connect to, instance, address."
  value       = { host = module.portal_database.host, instance = module.portal_database.instance, address = module.portal_database.address }
}

output "monitoring" {
  description = "Buckets of metrics and documentation, the address that metrics are written to, channels."
  value = {
    thanos_bucket   = module.monitoring.thanos_bucket
    techdocs_bucket = module.monitoring.techdocs_bucket
    metrics_address = module.monitoring.metrics_address
    channels        = module.monitoring.channels
  }
}

output "bastion" {
  description = "The bastion's account, what a person with a grant types, and the grants that have not run out."
  value       = { account = module.bastion.service_account, command = module.bastion.command, grants = module.bastion.grants }
}
