# The hub's cluster, who its pods are and what they keep.
module "gke" {
  source = "../../../modules/gke"

  project  = local.project
  name     = local.site.cluster
  region   = local.site.region
  location = local.site.location
  zones    = local.site.zones
  network = {
    network            = module.network.self_link
    subnetwork         = module.network.subnets[local.site.region]["application"].self_link
    pods_range         = "pods"
    services_range     = "services"
    control_plane_cidr = local.site.cidrs.controlPlane
    node_tags          = [module.network.egress_tag]
  }
  kms_keys = { disks = module.kms.keys["disks"], cluster = module.kms.keys["cluster"], secrets = module.kms.keys["secrets"] }
  application_pool = {
    nodes_per_zone = 1
    autoscaling    = { min_nodes_per_zone = 1, max_nodes_per_zone = 3 }
  }
  # Nothing at the hub may be interrupted at half a minute's notice.
  batch_pool     = null
  security_group = "gke-security-groups@${local.estate.domain}"
  labels         = merge(local.labels, { component = "cluster" })

  # What may run is said before anything does, and nodes pull their images over the way out.
  depends_on = [module.binary_authorization, module.ha_nat]
}

module "binary_authorization" {
  source = "../../../modules/binary-authorization"

  project      = local.project
  repositories = [local.estate.registry.host]
  environment  = local.labels["environment"]
}

locals {
  # The accounts of Atlantis and the drift check come with the module that says what they may become (root access).
  identities = { for name, identity in local.estate.identities : name => identity if contains(identity.sites, "hub") && !contains(["atlantis", "drift-check"], name) }
}

module "identity" {
  source   = "../../../modules/workload-identity"
  for_each = local.identities

  project         = local.project
  account_id      = each.value.perRegion ? "${each.key}-${local.site.region}" : each.key
  description     = "Pods of ${each.value.namespace}/${each.value.serviceAccount} at the hub"
  workload_pool   = module.gke.workload_pool
  namespace       = each.value.namespace
  service_account = each.value.serviceAccount
  roles           = each.value.roles
}

module "secrets" {
  source = "../../../modules/secrets"

  project        = local.project
  project_number = data.google_project.this.number
  location       = local.site.location
  name           = "${local.site.network}-${local.site.region}"
  secrets = {
    for name, secret in local.estate.secrets : name => { readers = length(secret.readers) > 0 ? [for reader in secret.readers : module.identity[reader].member] : ["group:${local.estate.groups.database}"] } if contains(secret.sites, "hub")
  }
  kms_key_id = module.kms.keys["secrets"]
  labels     = merge(local.labels, { component = "secrets" })
}

module "portal_database" {
  source = "../../../modules/portal-database"

  project           = local.project
  location          = local.site.location
  payment_locations = distinct([for site in values(local.estate.sites) : site.location if site.role != "hub"])
  backup_location   = one([for site in values(local.estate.sites) : site.location if site.role == "standby"])
  allowed_locations = local.estate.residency[local.site.residency]
  network           = module.network.self_link
  subnetwork        = module.network.subnets[local.site.region]["database"].self_link
  address           = cidrhost(local.site.cidrs.database, 10)
  kms_key           = module.kms.keys["database"]
  labels            = merge(local.labels, { component = "portal-database", team = "developer-platform", tier = "1" })
}

locals {
  metrics = local.estate.internalAddresses.metrics
  health  = "/.backstage/health/v1/readiness"
}

module "monitoring" {
  source = "../../../modules/monitoring"

  project           = local.project
  location          = local.site.location
  allowed_locations = local.estate.residency[local.site.residency]
  kms_key           = module.kms.keys["buckets"]
  buckets           = { thanos = local.estate.buckets.thanos, techdocs = local.estate.buckets.techdocs }
  writers = {
    thanos   = ["serviceAccount:thanos@${local.project}.iam.gserviceaccount.com"]
    techdocs = ["serviceAccount:publisher@${local.project}.iam.gserviceaccount.com"]
  }
  readers = ["serviceAccount:portal@${local.project}.iam.gserviceaccount.com"]
  metrics_address = {
    address    = local.metrics.address
    subnetwork = module.network.subnets[local.site.region]["application"].self_link
  }
  channels = {
    platform = { type = "email", labels = { email_address = local.estate.groups.platform } }
  }
  # From outside, as a payer or a developer sees it. The ledger's own answers stand in the dashboards; here it is only whether it is there.
  # The portal's is the one path that asks nobody to sign in.
  checks = {
    portal = { host = local.estate.hosts.portal.host, path = local.health, runbook = "https://${local.estate.hosts.portal.host}/docs/default/component/portal" }
    ledger = { host = local.estate.hosts.ledger.host, path = "/readyz", runbook = "https://${local.estate.hosts.portal.host}/docs/default/component/ledger" }
  }
  labels = merge(local.labels, { component = "monitoring" })

  # The accounts above, by name: Terraform must know how many there are before they exist.
  depends_on = [module.identity]
}

# A machine to come in by, while somebody has asked for it (access.yaml).
module "bastion" {
  source = "../../../modules/bastion"

  project               = local.project
  name                  = "bastion-${local.site.region}"
  zone                  = local.site.zones[0]
  network               = module.network.id
  subnet                = module.network.subnets[local.site.region]["edge"].id
  image                 = local.bastion_image
  access                = coalesce(yamldecode(file("${path.module}/access.yaml")), {})
  notification_channels = values(module.monitoring.channels)
  kms_key_id            = module.kms.keys["disks"]
  labels                = merge(local.labels, { component = "bastion" })
}
