mock_provider "google" {
  override_during = plan

  mock_resource "google_monitoring_notification_channel" {
    defaults = { id = "projects/airpay-devops/notificationChannels/1" }
  }
}

variables {
  project         = "airpay-devops"
  location        = "europe-north1"
  billing_account = "012345-6789AB-CDEF01"
  currency        = "SEK"
  email           = "platform@airpay.example"
  readers         = ["serviceAccount:portal@airpay-devops.iam.gserviceaccount.com"]
  kms_key_id      = "projects/airpay-devops/locations/europe-north1/keyRings/devops-hub/cryptoKeys/buckets"
  budgets = {
    payments-prod = { project_number = "123456789012", amount = 12000 }
    payments-dev  = { project_number = "210987654321", amount = 1500 }
  }
  labels = {
    team        = "platform", product = "portal", system = "platform", component = "budgets", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "every_project_has_a_budget_of_its_own" {
  command = plan

  assert {
    condition     = alltrue([for budget in google_billing_budget.this : budget.amount[0].specified_amount[0].currency_code == "SEK"])
    error_message = "In the account's currency, which Google would refuse to convert."
  }

  assert {
    condition = (
      google_billing_budget.this["payments-prod"].budget_filter[0].projects == toset(["projects/123456789012"]) &&
      google_billing_budget.this["payments-prod"].amount[0].specified_amount[0].units == "12000" &&
      google_billing_budget.this["payments-dev"].budget_filter[0].projects == toset(["projects/210987654321"])
    )
    error_message = "One project, one amount."
  }
}

run "tells_before_the_money_is_gone" {
  command = plan

  assert {
    condition = alltrue([for budget in google_billing_budget.this :
      [for rule in budget.threshold_rules : rule.threshold_percent if rule.spend_basis == "CURRENT_SPEND"] == [0.5, 0.8, 1] &&
      [for rule in budget.threshold_rules : rule.threshold_percent if rule.spend_basis == "FORECASTED_SPEND"] == [1, 1.2]
    ])
    error_message = "By what was spent, and by what is forecast."
  }

  assert {
    condition     = alltrue([for budget in google_billing_budget.this : budget.all_updates_rule[0].monitoring_notification_channels == tolist(["projects/airpay-devops/notificationChannels/1"])])
    error_message = "A channel hears of it."
  }
}

run "the_export_is_encrypted_stays_put_and_is_read_by_the_portal" {
  command = plan

  assert {
    condition     = google_bigquery_dataset.export.location == "europe-north1" && google_bigquery_dataset.export.default_encryption_configuration[0].kms_key_name == var.kms_key_id && !google_bigquery_dataset.export.delete_contents_on_destroy
    error_message = "Our key, one region, never deleted with its contents."
  }

  assert {
    condition     = [for grant in google_bigquery_dataset_iam_member.readers : "${grant.role} ${grant.member}"] == ["roles/bigquery.dataViewer serviceAccount:portal@airpay-devops.iam.gserviceaccount.com"]
    error_message = "The portal reads this dataset, and nobody writes."
  }
}

run "refuses_a_budget_of_nothing" {
  command = plan
  variables { budgets = { payments-prod = { project_number = "123456789012", amount = 0 } } }
  expect_failures = [var.budgets]
}

run "refuses_a_project_by_its_id" {
  command = plan
  variables { budgets = { payments-prod = { project_number = "airpay-payments-prod", amount = 10 } } }
  expect_failures = [var.budgets]
}

run "refuses_an_export_for_everybody" {
  command = plan
  variables { readers = ["allAuthenticatedUsers"] }
  expect_failures = [var.readers]
}

run "refuses_an_unknown_kind_of_billing_account" {
  command = plan
  variables { billing_account = "billingAccounts/1" }
  expect_failures = [var.billing_account]
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
