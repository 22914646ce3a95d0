# Who may do what beyond a deployer's reach: the deployers themselves, and who gets to a sign-in page. Applied by people, after the hub (its accounts must be there): nothing can change its own rights.
locals {
  # A project and a state belong to one environment: dev's deployer has no right in production, nor the reverse. The archive is not here:
  # nothing at the hub may act there.
  environments = {
    # One state of the hub's: the others, this one among them, are people's.
    hub = {
      home           = local.project
      projects       = [local.project]
      state_prefixes = ["devops/production/hub/"]
      extra_roles    = ["roles/binaryauthorization.policyEditor", "roles/cloudsql.admin"]
    }
    dev = {
      home           = local.estate.projects["payments-dev"]
      projects       = [local.estate.projects["payments-dev"]]
      state_prefixes = ["payments/dev/"]
      extra_roles    = ["roles/binaryauthorization.policyEditor"]
    }
    prod = {
      home           = local.estate.projects["payments-prod"]
      projects       = [local.estate.projects["payments-prod"]]
      state_prefixes = ["payments/production/"]
      extra_roles    = ["roles/binaryauthorization.policyEditor"]
    }
  }
}

module "atlantis" {
  source = "../../../modules/atlantis"

  project       = local.project
  workload_pool = "${local.project}.svc.id.goog"
  state_bucket  = local.estate.stateBucket
  environments  = local.environments
  # Who may ask what would change (make plan). Nobody of them may change it.
  plan_groups = ["group:${local.estate.groups.platform}"]
  drift_check = { namespace = local.estate.identities["drift-check"].namespace, service_account = local.estate.identities["drift-check"].serviceAccount }
}

# Who gets as far as a sign-in page of the hub.
module "portal_people" {
  source = "../../../modules/portal-people"

  project = local.project
  groups  = toset(values(local.estate.groups))
}

# What dev and prod use of the hub's: numbers of their projects, for Google's own accounts there.
data "google_project" "spoke" {
  for_each   = { for name, environment in local.environments : name => environment.home if name != "hub" }
  project_id = each.value
}

module "hub_access" {
  source = "../../../modules/hub-access"

  project         = local.project
  deployers       = { for name, project in data.google_project.spoke : name => module.atlantis.deployers[name] }
  planners        = { for name, project in data.google_project.spoke : name => module.atlantis.planners[name] }
  project_numbers = { for name, project in data.google_project.spoke : name => project.number }
  # The image of the database machines is encrypted with it (infra/packer).
  image_key = "projects/${local.project}/locations/${local.estate.sites["hub"].location}/keyRings/devops-hub/cryptoKeys/disks"
}

# Who builds the image of the database machines (infra/packer).
module "image_builder" {
  source = "../../../modules/image-builder"

  project = local.project
  group   = local.estate.groups.database
}
