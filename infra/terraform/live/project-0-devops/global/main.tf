# Projects, the rules above them, and who is told of their cost. By names: what the organisation calls itself and its folder.
data "google_organization" "this" {
  domain = local.estate.domain
}

data "google_active_folder" "this" {
  display_name = "airpay"
  parent       = data.google_organization.this.name
}

data "google_billing_account" "this" {
  display_name = "Airpay"
  open         = true
  # The list of everything that it pays for needs a further right on it, and nobody here reads the list.
  lookup_projects = false
}

locals {
  folder          = data.google_active_folder.this.name
  billing_account = data.google_billing_account.this.id

  # Beside those that every project has (module project).
  apis = {
    devops = [
      "artifactregistry.googleapis.com", "bigquery.googleapis.com", "billingbudgets.googleapis.com", "binaryauthorization.googleapis.com",
      "certificatemanager.googleapis.com", "cloudbilling.googleapis.com", "cloudtrace.googleapis.com", "container.googleapis.com",
      "containeranalysis.googleapis.com", "containerscanning.googleapis.com", "containersecurity.googleapis.com", "dns.googleapis.com", "iap.googleapis.com",
      "pubsub.googleapis.com", "secretmanager.googleapis.com", "servicedirectory.googleapis.com", "sqladmin.googleapis.com", "sts.googleapis.com",
    ]
    payments-dev = [
      "artifactregistry.googleapis.com", "containerscanning.googleapis.com", "containersecurity.googleapis.com",
      "binaryauthorization.googleapis.com", "certificatemanager.googleapis.com", "cloudtrace.googleapis.com", "container.googleapis.com",
      "containeranalysis.googleapis.com", "dns.googleapis.com", "iap.googleapis.com", "pubsub.googleapis.com", "secretmanager.googleapis.com",
    ]
    payments-prod = [
      "artifactregistry.googleapis.com", "containerscanning.googleapis.com", "containersecurity.googleapis.com",
      "binaryauthorization.googleapis.com", "certificatemanager.googleapis.com", "cloudtrace.googleapis.com", "container.googleapis.com",
      "containeranalysis.googleapis.com", "dns.googleapis.com", "iap.googleapis.com", "pubsub.googleapis.com", "secretmanager.googleapis.com",
    ]
    archive = ["pubsub.googleapis.com", "storagetransfer.googleapis.com"]
  }

  # What a project's own resources say of themselves; the payments projects are the payments system's, not the hub's.
  project_labels = {
    for key in keys(local.estate.projects) : key => merge(local.labels, {
      system      = trimsuffix(trimsuffix(key, "-dev"), "-prod")
      component   = "project"
      environment = endswith(key, "-dev") ? "dev" : "production"
      cost-center = startswith(key, "payments") ? "cc-4100" : "cc-5100"
      data-class  = key == "archive" ? "restricted" : startswith(key, "payments") ? "confidential" : "internal"
      tier        = endswith(key, "-dev") ? "3" : key == "devops" ? "1" : "0"
    })
  }
}

module "project" {
  source   = "../../../modules/project"
  for_each = local.estate.projects

  project_id      = each.value
  folder          = local.folder
  billing_account = local.billing_account
  apis            = local.apis[each.key]
  monthly_budget  = local.estate.monthlyBudgets[each.key]
  labels          = local.project_labels[each.key]

  # A project keeps what it was made with: its default accounts' rights, and where its logs are.
  depends_on = [module.org_policies]
}

# The bootstrap made this one, for the bucket of the states; from then on it is like the others.
import {
  to = module.project["devops"].google_project.this
  id = local.estate.projects["devops"]
}

# On the folder: no project made tomorrow is without them. Class eu: there is no site of another class yet.
module "org_policies" {
  source    = "../../../modules/org-policies"
  providers = { google = google.quota }

  parent          = local.folder
  residency       = local.estate.residency
  residency_class = one(toset([for site in values(local.estate.sites) : site.residency]))
  multi_regions   = [local.estate.registry.location]
  log_location    = local.estate.sites["hub"].location
  customer_ids    = [data.google_organization.this.directory_customer_id]
  organization    = data.google_organization.this.name
}

# Who pushes images, and publishes the documentation that was built with them.
module "publisher" {
  source = "../../../modules/image-publisher"

  project  = module.project["devops"].project_id
  issuer   = local.estate.signing.issuer
  workflow = trimprefix(local.estate.signing.subject, "https://${local.estate.git.host}/")
}

# And who pushes those of the services that the template makes, each into its own repository.
module "service_publishers" {
  source = "../../../modules/service-publishers"

  project      = module.project["devops"].project_id
  issuer       = local.estate.signing.issuer
  organization = local.estate.git.organization
}
