mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/airpay-devops/serviceAccounts/publisher@airpay-devops.iam.gserviceaccount.com"
      member = "serviceAccount:publisher@airpay-devops.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_iam_workload_identity_pool" {
    defaults = {
      name = "projects/1/locations/global/workloadIdentityPools/pipeline"
    }
  }
}

variables {
  project  = "airpay-devops"
  issuer   = "https://token.actions.githubusercontent.com"
  workflow = "airpay/portal/.github/workflows/release.yml@refs/heads/main"
}

run "one_workflow_on_one_branch_of_one_repository" {
  command = plan

  assert {
    condition     = google_iam_workload_identity_pool_provider.pipeline.attribute_condition == "assertion.repository == \"airpay/portal\" && assertion.job_workflow_ref == \"airpay/portal/.github/workflows/release.yml@refs/heads/main\""
    error_message = "The issuer signs for everybody: the provider must ask for our repository and our workflow."
  }

  assert {
    condition     = google_service_account_iam_binding.pipeline.members == toset(["principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pipeline/attribute.workflow/airpay/portal/.github/workflows/release.yml@refs/heads/main"])
    error_message = "Only runs of that workflow may be the publisher."
  }
}

run "refuses_any_workflow" {
  command = plan
  variables { workflow = "airpay/portal/.github/workflows/*@refs/heads/main" }
  expect_failures = [var.workflow]
}

run "refuses_a_tag" {
  command = plan
  variables { workflow = "airpay/portal/.github/workflows/release.yml@refs/tags/v1" }
  expect_failures = [var.workflow]
}

run "refuses_an_issuer_in_the_clear" {
  command = plan
  variables { issuer = "http://token.actions.githubusercontent.com" }
  expect_failures = [var.issuer]
}
