mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/airpay-payments-prod/serviceAccounts/ledger-region-a@airpay-payments-prod.iam.gserviceaccount.com"
      email  = "ledger-region-a@airpay-payments-prod.iam.gserviceaccount.com"
      member = "serviceAccount:ledger-region-a@airpay-payments-prod.iam.gserviceaccount.com"
    }
  }
}

variables {
  project         = "airpay-payments-prod"
  account_id      = "ledger-region-a"
  description     = "The ledger in region-a."
  workload_pool   = "airpay-payments-prod.svc.id.goog"
  namespace       = "payments"
  service_account = "ledger"
  roles           = ["roles/cloudtrace.agent"]
}

run "one_kubernetes_account_may_be_this_account" {
  command = plan

  assert {
    condition     = google_service_account_iam_binding.workload.members == toset(["serviceAccount:airpay-payments-prod.svc.id.goog[payments/ledger]"])
    error_message = "Exactly one Kubernetes account, of exactly one namespace."
  }

  assert {
    condition     = google_service_account_iam_binding.workload.role == "roles/iam.workloadIdentityUser"
    error_message = "It may be the account, and nothing more: no token creator, no key admin."
  }
}

run "has_the_roles_it_was_given_and_no_others" {
  command = plan

  assert {
    condition     = [for grant in google_project_iam_member.this : grant.role] == ["roles/cloudtrace.agent"]
    error_message = "One role was asked for."
  }
}

run "refuses_a_basic_role" {
  command = plan
  variables { roles = ["roles/editor"] }
  expect_failures = [var.roles]
}

run "refuses_a_role_that_reads_every_secret" {
  command = plan
  variables { roles = ["roles/secretmanager.secretAccessor"] }
  expect_failures = [var.roles]
}

run "refuses_every_account_of_a_namespace" {
  command = plan
  variables { service_account = "*" }
  expect_failures = [var.service_account]
}

run "refuses_the_default_account" {
  command = plan
  variables { service_account = "default" }
  expect_failures = [var.service_account]
}

run "refuses_a_name_google_would_refuse" {
  command = plan
  variables { account_id = "kyc" }
  expect_failures = [var.account_id]
}
