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
    defaults = { id = "0A0A0A-0B0B0B-0C0C0C", currency_code = "SEK" }
  }
}

mock_provider "google" {
  alias = "quota"
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
    condition     = local.labels["environment"] == "production" && local.labels["region"] == "shared" && contains(keys(local.estate.residency), local.labels["residency"])
    error_message = "What is here says where it is."
  }
}

run "readers" {
  command = plan

  assert {
    condition     = length([for account in local.nodes : account if strcontains(account, "gke-application-")]) == length(local.estate.sites)
    error_message = "The nodes of every cluster pull images."
  }

  assert {
    condition     = length(local.admission) == length(local.estate.sites)
    error_message = "Signatures are read in every cluster."
  }

  assert {
    condition     = length(local.database_machines) == length(local.estate.databases) && !anytrue([for account in local.database_machines : contains(local.nodes, account)])
    error_message = "The database machines read packages, and no images."
  }

  assert {
    condition     = !anytrue([for account in setunion(local.nodes, local.database_machines) : strcontains(account, "@${local.estate.projects["archive"]}.")])
    error_message = "Nothing runs in the archive."
  }
}

run "every_project_has_a_budget" {
  command = plan

  assert {
    condition     = local.portal_zones["payments-dev"] == null && toset(keys(local.portal_zones)) == toset([for key in keys(local.estate.projects) : key if startswith(key, "payments")])
    error_message = "The portal steers the payments projects, and moves a record only where there are two regions."
  }

  assert {
    condition     = toset(keys(module.budgets.budgets)) == toset(keys(local.estate.projects))
    error_message = "A project without a budget is a project nobody pays for."
  }
}

run "argocd_reaches_every_spoke" {
  command = plan

  assert {
    condition     = toset(keys(module.argocd_access)) == toset([for site in values(local.estate.sites) : site.project if site.role != "hub"])
    error_message = "A project with a cluster that Argo CD cannot reach stays empty."
  }
}

run "plays_reach_every_database_machine" {
  command = plan

  assert {
    condition     = toset(flatten([for people in values(module.database_people) : people.machines])) == toset(flatten([for database in values(local.estate.databases) : database.members]))
    error_message = "A machine that nobody may log in to is never set up."
  }
}

# roles/billing.user may link a project to the account and may not list what else it pays for.
run "the_billing_account_is_asked_for_no_more_than_it_gives" {
  command = plan

  assert {
    condition     = data.google_billing_account.this.lookup_projects == false
    error_message = "The list of its projects is not asked for."
  }
}
