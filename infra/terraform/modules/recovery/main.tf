# The second region: the same stack as the first (module region), whichever of the two takes payments, and what only a recovery needs. While
# its role is standby it is a pilot light: everything is there but application nodes, and its three database machines follow the other region.
module "region" {
  source = "../region"

  project          = var.project
  site             = var.site
  network          = var.network
  hub_ranges       = var.hub_ranges
  application_pool = var.application_pool
  batch_pool       = var.batch_pool
  database = merge(var.database, {
    # Always: a region that was switched away from follows this one.
    replica_ranges     = [var.other.database_range]
    replication_source = var.site.role == "standby" ? var.other.replication : null
  })
  database_ports         = var.database_ports
  gateway                = var.gateway
  identities             = var.identities
  secrets                = var.secrets
  security_group         = var.security_group
  egress                 = var.egress
  release_channel        = var.release_channel
  maintenance_exclusions = var.maintenance_exclusions
  labels                 = var.labels
}
