# The network of every site of this project, the names of its databases, and what stands in front of public routes.
locals {
  sites = { for name, site in local.estate.sites : site.region => site if site.project == "payments-dev" }
  hub   = local.estate.sites["hub"]

  # By name: the hub's network was made by another root.
  hub_network = "projects/${local.estate.projects[local.hub.project]}/global/networks/${local.hub.network}"
}

module "network" {
  source = "../../../modules/network"

  project = local.project
  name    = one(toset([for site in values(local.sites) : site.network]))
  sites = {
    for region, site in local.sites : region => {
      location      = site.location
      application   = site.cidrs.application
      database      = site.cidrs.database
      edge          = site.cidrs.edge
      pods          = site.cidrs.pods
      services      = site.cidrs.services
      control_plane = site.cidrs.controlPlane
    }
  }
  # The hub and nobody else: spokes do not see each other.
  peers  = { for peering in local.estate.peerings : peering.hub => { network = local.hub_network, ranges = [local.hub.cidrs.site] } if peering.spoke == one(toset([for site in values(local.sites) : site.network])) }
  labels = merge(local.labels, { component = "network" })
}

locals {
  public = local.estate.dns.public
  # ledger.pay.… -> ledger.dev.pay.…, in a zone of dev's own.
  ledger = replace(local.estate.hosts.ledger.host, "/^([^.]+)[.]/", "$1.dev.")
}

module "dns" {
  source = "../../../modules/dns"

  project          = local.project
  public_zone      = { name = "dev-${local.public.name}", domain = "dev.${local.public.domain}" }
  authorized_hosts = [local.ledger]
  incident_address = local.estate.groups.security
  private_zones = {
    "dev-${local.estate.dns.database.name}" = {
      domain   = "dev.${local.estate.dns.database.domain}"
      networks = [module.network.id, local.hub_network]
    }
    # Where metrics are written to, and whatever else the hub has a name for.
    (local.estate.dns.clusters.name) = {
      domain   = local.estate.dns.clusters.domain
      networks = [module.network.id]
      asks     = local.hub_network
    }
  }
  labels = merge(local.labels, { component = "dns" })
}

module "cloud_armor" {
  source = "../../../modules/cloud-armor"

  project    = local.project
  name       = "payments-edge"
  rate_limit = { requests = 600, seconds = 60 }
}

module "binary_authorization" {
  source = "../../../modules/binary-authorization"

  project      = local.project
  repositories = [local.estate.registry.host]
  # Services of the template bring a repository of their own, in the region they run in (estate, signing.services).
  registries  = toset([for site in values(local.sites) : "${site.location}-docker.pkg.dev/${local.project}"])
  environment = local.labels["environment"]
}
