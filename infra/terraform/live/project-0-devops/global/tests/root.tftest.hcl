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

mock_provider "google" {
  alias = "quota"
}

mock_provider "google-beta" {}

# What is imported is there already; the mocked Google has none to take over.
override_resource {
  target          = module.project["devops"].google_project.this
  override_during = plan
  values          = { project_id = "airpay-devops", number = "123456789012" }
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
    condition     = local.labels["environment"] == "production" && local.labels["region"] == "global" && contains(keys(local.estate.residency), local.labels["residency"])
    error_message = "What is here says where it is."
  }
}

run "projects" {
  command = plan

  assert {
    condition     = toset(keys(module.project)) == toset(keys(local.estate.projects)) && toset(keys(local.apis)) == toset(keys(local.estate.projects)) && toset(keys(local.estate.monthlyBudgets)) == toset(keys(local.estate.projects))
    error_message = "Every project of the estate is made, with its APIs and a budget."
  }

  assert {
    condition     = local.project_labels["payments-dev"]["environment"] == "dev" && local.project_labels["payments-prod"]["environment"] == "production" && local.project_labels["payments-prod"]["system"] == "payments"
    error_message = "A project's labels are its own."
  }

  assert {
    condition     = !contains(local.apis["archive"], "container.googleapis.com") && !contains(local.apis["archive"], "secretmanager.googleapis.com")
    error_message = "Nothing runs in the archive."
  }
}

run "what_comes_with_an_image_is_on" {
  command = plan

  assert {
    condition     = alltrue([for key, apis in local.apis : contains(apis, "containerscanning.googleapis.com") == contains(apis, "artifactregistry.googleapis.com")]) && contains(local.apis["devops"], "containerscanning.googleapis.com")
    error_message = "Where images are kept they are scanned; the registry's setting only inherits that."
  }
}

run "residency" {
  command = plan

  assert {
    condition     = length(setsubtract([for site in values(local.estate.sites) : site.location], local.estate.residency["eu"])) == 0
    error_message = "Every site lies in its residency class."
  }

  assert {
    condition     = alltrue([for location in module.org_policies.allowed_locations : can(regex("europe", location))])
    error_message = "Nothing can be made outside of Europe."
  }

  assert {
    condition     = module.org_policies.log_location == "europe-north1" && contains(local.estate.residency["eu"], module.org_policies.log_location)
    error_message = "Logs of new projects stay in the class, and not in global."
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
