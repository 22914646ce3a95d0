# One region of payments: keys, way out, cluster, database, gateway, identities and secrets. Every region is this same stack; a standby
# differs from the primary in two arguments, both decided here by its role and by nothing else.
locals {
  prefix   = "${var.site.network}-${var.site.region}"
  standby  = var.site.role == "standby"
  key_ring = "${var.project.key}-${var.site.region}"

  # Each key is for the services named. A service of the template (templates/payment-service) has its secrets and the repository of its images
  # here too, and finds the keys by name: nothing may be stored without one.
  keys = {
    disks   = { services = ["compute"] }
    cluster = { services = ["container"] }
    buckets = { services = ["artifactregistry", "storage"] }
    secrets = { services = ["pubsub", "secretmanager"] }
  }

  application_pool = {
    machine_type   = var.application_pool.machine_type
    nodes_per_zone = local.standby ? 0 : var.application_pool.nodes_per_zone
    autoscaling = local.standby ? null : {
      min_nodes_per_zone = var.application_pool.min_nodes_per_zone
      max_nodes_per_zone = var.application_pool.max_nodes_per_zone
    }
  }
}

module "kms" {
  source = "../kms"

  project        = var.project.id
  project_number = var.project.number
  location       = var.site.location
  name           = local.key_ring
  keys           = local.keys
  labels         = merge(var.labels, { component = "keys" })
}

module "ha_nat" {
  source = "../ha-nat"

  project    = var.project.id
  location   = var.site.location
  name       = local.prefix
  network    = var.network.id
  zones      = var.site.zones
  subnet     = var.network.subnets["application"].id
  egress_tag = var.network.egress_tag
  mode       = var.egress.mode
  machines   = one([for machines in var.egress.machines[*] : merge(machines, { kms_key_id = module.kms.keys["disks"] })])
  labels     = merge(var.labels, { component = "nat" })
}

module "gke" {
  source = "../gke"

  project  = var.project.id
  name     = var.site.cluster
  region   = var.site.region
  location = var.site.location
  zones    = var.site.zones
  network = {
    network            = var.network.id
    subnetwork         = var.network.subnets["application"].id
    pods_range         = "pods"
    services_range     = "services"
    control_plane_cidr = var.site.cidrs.controlPlane
    node_tags          = [var.network.egress_tag]
  }
  kms_keys = {
    disks   = module.kms.keys["disks"]
    cluster = module.kms.keys["cluster"]
    secrets = module.kms.keys["secrets"]
  }
  application_pool       = local.application_pool
  batch_pool             = var.batch_pool
  release_channel        = var.release_channel
  maintenance_exclusions = var.maintenance_exclusions
  security_group         = var.security_group
  labels                 = merge(var.labels, { component = "cluster" })

  # Nodes pull their images over it.
  depends_on = [module.ha_nat]
}

module "db_cluster" {
  source = "../db-cluster"

  project       = var.project.id
  region        = var.site.region
  location      = var.site.location
  members       = zipmap(var.database.members, var.site.zones)
  patroni_scope = var.database.patroniScope
  machine_type  = var.database.machineType
  data_disk_gb  = var.database.dataDiskGb
  image         = var.database.image
  network = {
    network    = var.network.id
    subnetwork = var.network.subnets["database"].id
  }
  clients = {
    application = [var.site.cidrs.application, var.site.cidrs.pods]
    hub         = var.hub_ranges
    replicas    = var.database.replica_ranges
  }
  ports              = var.database_ports
  dns                = { project = var.project.id, managed_zone = var.database.managed_zone, domain = var.database.domain }
  kms_key            = module.kms.keys["disks"]
  replication_source = var.database.replication_source
  backup_bucket      = var.database.bucket
  labels             = merge(var.labels, { component = "database" })
}

module "gateway" {
  source = "../gateway"

  project            = var.project.id
  name               = "payments-${var.site.region}"
  hosts              = var.gateway.hosts
  dns_authorizations = var.gateway.dns_authorizations
  dns                = { project = var.project.id, managed_zone = var.gateway.public_zone, names = var.gateway.names }
  labels             = merge(var.labels, { component = "gateway" })
}

module "identity" {
  source   = "../workload-identity"
  for_each = var.identities

  project         = var.project.id
  account_id      = each.key
  description     = each.value.description
  workload_pool   = module.gke.workload_pool
  namespace       = each.value.namespace
  service_account = each.value.service_account
  roles           = each.value.roles
}

module "secrets" {
  source = "../secrets"

  project        = var.project.id
  project_number = var.project.number
  location       = var.site.location
  name           = local.prefix
  kms_key_id     = module.kms.keys["secrets"]
  secrets = { for id, secret in var.secrets : id => {
    readers       = setunion([for identity in secret.identities : module.identity[identity].member], secret.members)
    rotation_days = secret.rotation_days
  } }
  labels = merge(var.labels, { component = "secrets" })
}
