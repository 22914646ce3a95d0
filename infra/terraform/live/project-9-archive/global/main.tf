# Backups and logs, out of reach of the projects they come from: those write here and delete nothing.
data "google_organization" "this" {
  domain = local.estate.domain
}

data "google_active_folder" "this" {
  display_name = "airpay"
  parent       = data.google_organization.this.name
}

data "google_project" "this" {
  project_id = local.project
}

locals {
  # Region -> location, over all sites: a region of ours is one place, in every environment.
  locations = { for region, found in { for site in values(local.estate.sites) : site.region => site.location... } : region => one(toset(found)) }

  hub = local.estate.sites["hub"]
}

# One ring a region, in its location: a bucket is encrypted where it is.
module "kms" {
  source   = "../../../modules/kms"
  for_each = local.locations

  project        = local.project
  project_number = data.google_project.this.number
  location       = each.value
  name           = "archive-${each.key}"
  keys           = { buckets = { services = ["storage"] } }
  labels         = merge(local.labels, { component = "keys", region = each.key })
}

module "archive" {
  source    = "../../../modules/archive"
  providers = { google = google.quota }

  project = local.project
  repositories = {
    for name, bucket in local.estate.buckets.backups : name => {
      bucket     = bucket
      location   = local.estate.sites[name].location
      kms_key_id = module.kms[local.estate.sites[name].region].keys["buckets"]
      # The leader of a database fills the repositories of all its regions (ADR 0121).
      writers = [
        for site in keys(local.estate.databases) : "patroni-${local.estate.sites[site].region}@${local.estate.projects[local.estate.sites[site].project]}.iam.gserviceaccount.com"
        if local.estate.sites[site].project == local.estate.sites[name].project
      ]
    }
  }
  logs = {
    audit = { bucket = local.estate.buckets.auditLogs, location = local.hub.location, kms_key_id = module.kms["hub"].keys["buckets"] }
    raw   = { bucket = local.estate.buckets.rawLogs, location = local.hub.location, kms_key_id = module.kms["hub"].keys["buckets"] }
  }
  auditors = local.estate.groups.auditors
  labels   = merge(local.labels, { component = "archive" })
}

module "audit" {
  source = "../../../modules/audit"

  parent       = data.google_active_folder.this.name
  audit_bucket = module.archive.log_buckets["audit"]
  raw_bucket   = module.archive.log_buckets["raw"]
}
