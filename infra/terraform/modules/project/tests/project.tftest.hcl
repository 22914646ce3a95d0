mock_provider "google" {
  override_during = plan

  mock_resource "google_project" {
    defaults = { number = "123456789012" }
  }
}
mock_provider "google-beta" {
  override_during = plan
}

variables {
  project_id      = "airpay-devops"
  folder          = "folders/1234567890"
  billing_account = "012345-6789AB-CDEF01"
  apis            = ["secretmanager.googleapis.com", "bigquery.googleapis.com"]
  monthly_budget  = 4000
  labels = {
    team        = "platform", product = "portal", system = "platform", component = "project", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "has_no_default_network_and_is_not_deleted_by_mistake" {
  command = plan

  assert {
    condition     = !google_project.this.auto_create_network
    error_message = "The default network has a rule that lets SSH in from everywhere."
  }

  assert {
    condition     = google_project.this.deletion_policy == "PREVENT" && google_project.this.labels == var.labels
    error_message = "The project is kept, and carries the labels."
  }
}

run "enables_what_was_asked_for_and_switches_nothing_off" {
  command = plan

  assert {
    condition     = contains(keys(google_project_service.this), "secretmanager.googleapis.com") && contains(keys(google_project_service.this), "cloudkms.googleapis.com")
    error_message = "The APIs asked for and those every project has."
  }

  assert {
    condition     = alltrue([for service in google_project_service.this : !service.disable_on_destroy && !service.disable_dependent_services])
    error_message = "An API that is switched off takes what it holds along."
  }
}

run "makes_googles_own_accounts_before_anybody_grants_them_anything" {
  command = plan

  assert {
    condition     = keys(google_project_service_identity.this) == ["secretmanager.googleapis.com"]
    error_message = "Of the services asked for, Secret Manager's account must be made by asking."
  }

  assert {
    condition     = length(data.google_bigquery_default_service_account.this) == 1
    error_message = "BigQuery is enabled, so its account is asked for."
  }
}

run "people_log_in_as_themselves" {
  command = plan

  assert {
    condition     = google_compute_project_metadata.this.metadata["enable-oslogin"] == "TRUE" && google_compute_project_metadata.this.metadata["block-project-ssh-keys"] == "TRUE"
    error_message = "OS Login, and no keys in metadata."
  }
}

run "hands_its_budget_on" {
  command = plan

  assert {
    condition     = output.budget == { project_number = "123456789012", amount = 4000 }
    error_message = "The budgets module watches what this output says."
  }
}

run "refuses_a_project_without_a_budget" {
  command = plan
  variables { monthly_budget = 0 }
  expect_failures = [var.monthly_budget]
}

run "refuses_a_project_outside_a_folder" {
  command = plan
  variables { folder = "organizations/1234567890" }
  expect_failures = [var.folder]
}

run "refuses_what_is_not_an_api" {
  command = plan
  variables { apis = ["compute"] }
  expect_failures = [var.apis]
}

run "refuses_a_missing_label" {
  command = plan
  variables {
    labels = {
      team = "platform", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}

run "refuses_an_unknown_label" {
  command = plan
  variables {
    labels = {
      team = "platform", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", costcentre = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}

run "refuses_a_label_value_google_would_refuse" {
  command = plan
  variables {
    labels = {
      team = "Platform Team", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}
