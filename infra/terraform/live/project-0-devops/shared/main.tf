# What names accounts and zones that other roots made: who pulls images, who reads the bill, what the portal may do in a region switch, where
# Argo CD gets in. Google refuses a grant to an account that does not exist, so this root is applied after theirs, and again when a region is added.
data "google_project" "this" {
  for_each   = local.estate.projects
  project_id = each.value
}

data "google_billing_account" "this" {
  display_name = "Airpay"
  open         = true
  # The list of everything that it pays for needs a further right on it, and nobody here reads the list.
  lookup_projects = false
}

locals {
  hub = local.estate.sites["hub"]

  # Accounts of the nodes of every cluster (module gke), and of the database machines, which install Debian's packages through the registry.
  # Not of batch: no root asks for that pool, and for one account that is not there Google refuses all.
  node_pools = ["system", "application", "auto"]
  nodes = toset(flatten([for site in values(local.estate.sites) : [
    for pool in local.node_pools : "serviceAccount:gke-${pool}-${site.region}@${local.estate.projects[site.project]}.iam.gserviceaccount.com"
  ]]))
  # Kyverno of every cluster, which looks at the signature of an image before it starts.
  admission = toset([for name in local.estate.identities["kyverno"].sites :
    "serviceAccount:kyverno-${local.estate.sites[name].region}@${local.estate.projects[local.estate.sites[name].project]}.iam.gserviceaccount.com"
  ])
  database_machines = toset([for name in keys(local.estate.databases) :
    "serviceAccount:patroni-${local.estate.sites[name].region}@${local.estate.projects[local.estate.sites[name].project]}.iam.gserviceaccount.com"
  ])
}

module "kms" {
  source = "../../../modules/kms"

  project        = local.project
  project_number = data.google_project.this["devops"].number
  location       = local.estate.registry.location
  name           = "devops-shared"
  keys           = { images = { services = ["artifactregistry"] } }
  labels         = merge(local.labels, { component = "keys" })
}

module "billing_key" {
  source = "../../../modules/kms"

  project        = local.project
  project_number = data.google_project.this["devops"].number
  location       = local.hub.location
  name           = "devops-billing"
  keys           = { billing = { services = ["bigquery"] } }
  labels         = merge(local.labels, { component = "keys" })
}

module "artifact_registry" {
  source = "../../../modules/artifact-registry"

  project         = local.project
  location        = local.estate.registry.location
  repository      = local.estate.registry.repository
  readers         = setunion(local.nodes, local.admission)
  writers         = ["serviceAccount:publisher@${local.project}.iam.gserviceaccount.com"]
  package_readers = local.database_machines
  kms_key_id      = module.kms.keys["images"]
  labels          = merge(local.labels, { component = "registry" })
}

# What the portal may do in a region switch: resize pools, and move the one record.
module "portal_access" {
  source   = "../../../modules/portal-access"
  for_each = local.portal_zones

  project = local.estate.projects[each.key]
  portal  = "serviceAccount:portal@${local.project}.iam.gserviceaccount.com"
  zone    = each.value
}

# Argo CD fills the clusters that the portal steers.
module "argocd_access" {
  source   = "../../../modules/argocd-access"
  for_each = local.portal_zones

  project = local.estate.projects[each.key]
  argocd  = "serviceAccount:argocd@${local.project}.iam.gserviceaccount.com"
}

locals {
  # Project key -> zone of the record that says which region has the traffic; dev has one region and nothing to switch.
  portal_zones = { payments-prod = local.estate.dns.public.name, payments-dev = null }
}

# Who runs the plays on the database machines.
module "database_people" {
  source   = "../../../modules/database-people"
  for_each = local.database_sites

  project  = local.estate.projects[each.key]
  group    = local.estate.groups.database
  machines = merge([for name in each.value : zipmap(local.estate.databases[name].members, local.estate.sites[name].zones)]...)
  accounts = toset([for name in each.value : "patroni-${local.estate.sites[name].region}@${local.estate.projects[each.key]}.iam.gserviceaccount.com"])
}

locals {
  # Project key -> its sites that have a database.
  database_sites = { for name in keys(local.estate.databases) : local.estate.sites[name].project => name... }
}

module "budgets" {
  source    = "../../../modules/budgets"
  providers = { google = google.quota }

  project         = local.project
  location        = local.hub.location
  billing_account = data.google_billing_account.this.id
  currency        = data.google_billing_account.this.currency_code
  budgets         = { for key, project in data.google_project.this : key => { project_number = project.number, amount = local.estate.monthlyBudgets[key] } }
  email           = local.estate.groups.platform
  readers         = ["serviceAccount:portal@${local.project}.iam.gserviceaccount.com"]
  kms_key_id      = module.billing_key.keys["billing"]
  labels          = merge(local.labels, { component = "billing" })
}
