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
}

# Who gets as far as a sign-in page of the hub.
module "portal_people" {
  source = "../../../modules/portal-people"

  project = local.project
  groups  = toset(values(local.estate.groups))
}
