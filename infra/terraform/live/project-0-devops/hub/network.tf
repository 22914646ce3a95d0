# The hub's network, its way out, its keys and its names.
locals {
  # Project key -> its sites' ranges: what the hub may reach over a peering, and from where it may be reached.
  spokes = { for peering in local.estate.peerings : peering.spoke => [for site in values(local.estate.sites) : site.cidrs.site if site.network == peering.spoke] if peering.hub == local.site.network }
}

locals {
  # The machine that an image is built on (infra/packer) has this tag, and nothing else has it.
  ingress = {
    iap-ssh = { description = "Packer, through the Identity-Aware Proxy", source_ranges = ["35.235.240.0/20"], target_tags = ["iap-ssh"], ports = ["22"] }
  }
}

data "google_project" "this" {
  project_id = local.project
}

module "network" {
  source = "../../../modules/network"

  project = local.project
  name    = local.site.network
  sites = {
    (local.site.region) = {
      location      = local.site.location
      application   = local.site.cidrs.application
      database      = local.site.cidrs.database
      edge          = local.site.cidrs.edge
      pods          = local.site.cidrs.pods
      services      = local.site.cidrs.services
      control_plane = local.site.cidrs.controlPlane
    }
  }
  # By name: the other half of each peering is made by the spoke's own root, later.
  peers   = { for network, ranges in local.spokes : network => { network = "projects/${local.estate.projects[network]}/global/networks/${network}", ranges = ranges } }
  ingress = local.ingress
  # Terraform, run by Atlantis, talks to all of Google's APIs.
  google_apis = "private"
  labels      = merge(local.labels, { component = "network" })
}

module "ha_nat" {
  source = "../../../modules/ha-nat"

  project    = local.project
  location   = local.site.location
  name       = "${local.site.network}-${local.site.region}"
  network    = module.network.id
  zones      = local.site.zones
  subnet     = module.network.subnets[local.site.region]["application"].id
  egress_tag = module.network.egress_tag
  labels     = merge(local.labels, { component = "nat" })
}

module "kms" {
  source = "../../../modules/kms"

  project        = local.project
  project_number = data.google_project.this.number
  location       = local.site.location
  name           = "devops-${local.site.region}"
  keys = {
    disks    = { services = ["compute"] }
    cluster  = { services = ["container"] }
    buckets  = { services = ["storage"] }
    secrets  = { services = ["secretmanager", "pubsub"] }
    database = { services = ["sqladmin"] }
  }
  labels = merge(local.labels, { component = "keys" })
}

locals {
  hub_hosts = [for host in values(local.estate.hosts) : host.host if host.site == "hub"]
  # All of them directly under the domain.
  public_zone = { name = replace(local.estate.domain, ".", "-"), domain = "${local.estate.domain}." }
}

module "dns" {
  source = "../../../modules/dns"

  project     = local.project
  public_zone = local.public_zone
  private_zones = {
    (local.estate.dns.clusters.name) = {
      # The spokes' networks are not there yet when this is made first; they ask this one.
      domain   = local.estate.dns.clusters.domain
      networks = [module.network.id]
    }
  }
  private_addresses = {
    for name, internal in local.estate.internalAddresses : "${internal.host}." => { zone = local.estate.dns.clusters.name, address = internal.address } if internal.site == "hub"
  }
  authorized_hosts = local.hub_hosts
  # Written down by hand: the hub's planner may not look into production.
  delegations      = coalesce(yamldecode(file("${path.module}/delegations.yaml")), {})
  incident_address = local.estate.groups.security
  labels           = merge(local.labels, { component = "dns" })
}

module "gateway" {
  source = "../../../modules/gateway"

  project            = local.project
  name               = "hub"
  hosts              = local.hub_hosts
  dns_authorizations = module.dns.authorizations
  dns = {
    project      = local.project
    managed_zone = module.dns.public_zone.name
    names        = local.hub_hosts
  }
  labels = merge(local.labels, { component = "gateway" })
}

module "cloud_armor" {
  source = "../../../modules/cloud-armor"

  project    = local.project
  name       = "hub-edge"
  rate_limit = { requests = 600, seconds = 60 }
}
