mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_organization" {
    defaults = { name = "organizations/111", directory_customer_id = "C01abcdef" }
  }
  mock_data "google_active_folder" {
    defaults = { name = "folders/222" }
  }
  mock_data "google_billing_account" {
    defaults = { id = "0A0A0A-0B0B0B-0C0C0C" }
  }
}

run "labels" {
  command = plan

  assert {
    condition     = toset(keys(local.labels)) == toset(local.estate.requiredLabels)
    error_message = "Exactly the labels that the estate requires."
  }

  assert {
    condition     = alltrue([for value in values(local.labels) : can(regex("^[a-z0-9][a-z0-9_-]{0,62}$", value))])
    error_message = "Values that Google takes."
  }

  assert {
    condition     = local.labels["environment"] == "dev" && local.labels["region"] == "region-a" && contains(keys(local.estate.residency), local.labels["residency"])
    error_message = "What is here says where it is."
  }
}

run "what_the_network_root_made" {
  command = plan

  assert {
    condition     = local.network == "projects/airpay-payments-dev/global/networks/payments-dev" && local.subnets["database"].id == "projects/airpay-payments-dev/regions/${local.site.location}/subnetworks/payments-dev-${local.site.region}-database"
    error_message = "Names that the network's root gives."
  }
}

run "secrets" {
  command = plan

  assert {
    condition     = alltrue([for id in keys(module.region.secrets) : endswith(id, "-${local.site.region}")]) && length(module.region.secrets) == length([for secret in values(local.estate.secrets) : secret if contains(secret.sites, local.site_name)])
    error_message = "Every secret of this site, and none of another one."
  }

  assert {
    condition     = alltrue([for name, identity in local.identities : length(identity.id) <= 30])
    error_message = "Google takes names of at most 30 characters."
  }
}

run "other_environments_are_not_here" {
  command = plan

  assert {
    condition     = local.site.environment == local.labels["environment"] && local.site.region == local.labels["region"] && local.estate.projects[local.site.project] == local.project
    error_message = "The site is that of this root."
  }
}

run "primary_runs" {
  command = plan

  assert {
    condition     = local.site.role != "primary" || (module.region.application_nodes_per_zone >= 1 && module.region.application_autoscaled)
    error_message = "The region that takes payments has nodes in every zone."
  }
}
