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
    condition     = local.labels["environment"] == "production" && local.labels["region"] == "region-b" && contains(keys(local.estate.residency), local.labels["residency"])
    error_message = "What is here says where it is."
  }
}

run "what_the_network_root_made" {
  command = plan

  assert {
    condition     = local.network == "projects/airpay-payments-prod/global/networks/payments-prod" && local.subnets["database"].id == "projects/airpay-payments-prod/regions/${local.site.location}/subnetworks/payments-prod-${local.site.region}-database"
    error_message = "Names that the network's root gives."
  }
}

run "secrets" {
  command = plan

  assert {
    condition     = alltrue([for id in keys(module.recovery.secrets) : endswith(id, "-${local.site.region}")]) && length(module.recovery.secrets) == length([for secret in values(local.estate.secrets) : secret if contains(secret.sites, local.site_name)])
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

run "standby_is_a_pilot_light" {
  command = plan

  assert {
    condition     = local.site.role != "standby" || (module.recovery.application_nodes_per_zone == 0 && !module.recovery.application_autoscaled)
    error_message = "No application nodes, and no autoscaler that pending pods would wake."
  }

  assert {
    condition     = length(module.recovery.database.members) == 3
    error_message = "The standby's database is as large as the primary's: after a switch it fails over as well."
  }

  assert {
    condition     = local.other.location != local.site.location
    error_message = "Two regions in one place fall together."
  }
}
