# The standby: the same stack as the primary, unlit. Its database follows the primary; its nodes come with a recovery run.
data "google_project" "this" {
  project_id = local.project
}

locals {
  hub      = local.estate.sites["hub"]
  other    = one([for site in values(local.estate.sites) : site if site.network == local.site.network && site.region != local.site.region])
  database = local.estate.databases[local.site_name]

  # Both regions answer for the name that payers use, so that a switch waits for no certificate; the regional name is this region's alone.
  regional_host = replace(local.estate.hosts.ledger.host, "/^([^.]+)[.]/", "$1.${local.site.region}.")
  hosts         = [local.estate.hosts.ledger.host, local.regional_host]

  # By name: the network and the proofs of hosts were made by this project's global root.
  network = "projects/${local.project}/global/networks/${local.site.network}"
  subnets = { for tier in ["edge", "application", "database"] : tier => { id = "projects/${local.project}/regions/${local.site.location}/subnetworks/${local.site.network}-${local.site.region}-${tier}" } }
  proofs  = { for host in local.hosts : host => "projects/${local.project}/locations/global/dnsAuthorizations/${replace(host, ".", "-")}" }

  # Estate name -> account id: per region the name ends in it.
  identities = { for name, identity in local.estate.identities : name => merge(identity, { id = identity.perRegion ? "${name}-${local.site.region}" : name }) if contains(identity.sites, local.site_name) }
}

module "recovery" {
  source = "../../../modules/recovery"

  project    = { id = local.project, number = data.google_project.this.number, key = "payments-prod" }
  site       = local.site
  network    = { id = local.network, subnets = local.subnets, egress_tag = "egress" }
  hub_ranges = [local.hub.cidrs.application, local.hub.cidrs.pods]

  other = {
    region         = local.other.region
    location       = local.other.location
    database_range = local.other.cidrs.database
    replication    = { host = "replication.${local.other.region}.${trimsuffix(local.estate.dns.database.domain, ".")}", port = local.estate.databasePorts.replication }
  }

  database = {
    members      = local.database.members
    machineType  = local.database.machineType
    dataDiskGb   = local.database.dataDiskGb
    patroniScope = local.database.patroniScope
    image        = "projects/${local.estate.projects["devops"]}/global/images/family/airpay-postgresql-15"
    bucket       = local.estate.buckets.backups[local.site_name]
    domain       = "${local.site.region}.${local.estate.dns.database.domain}"
    managed_zone = local.estate.dns.database.name
  }
  database_ports = local.estate.databasePorts

  gateway = {
    hosts              = local.hosts
    names              = [local.regional_host]
    public_zone        = local.estate.dns.public.name
    dns_authorizations = local.proofs
  }

  identities = {
    for name, identity in local.identities : identity.id => {
      description     = "Pods of ${identity.namespace}/${identity.serviceAccount} in ${local.site.region}"
      namespace       = identity.namespace
      service_account = identity.serviceAccount
      roles           = identity.roles
    }
  }
  # Where no pod reads a secret, those do who run the plays on the database machines.
  secrets = {
    for name, secret in local.estate.secrets : "${name}-${local.site.region}" => {
      identities = [for reader in secret.readers : local.identities[reader].id]
      members    = length(secret.readers) > 0 ? [] : ["group:${local.estate.groups.database}"]
    } if contains(secret.sites, local.site_name)
  }
  security_group = "gke-security-groups@${local.estate.domain}"
  labels         = local.labels
}
