mock_provider "google" {
  override_during = plan
}

variables {
  project      = "airpay-devops"
  issuer       = "https://token.actions.githubusercontent.com"
  organization = "airpay"
}

run "ci_on_main_of_our_own_repositories_and_nothing_else" {
  command = plan

  assert {
    condition     = google_iam_workload_identity_pool_provider.services.attribute_condition == "assertion.repository_owner == \"airpay\" && assertion.ref == \"refs/heads/main\" && assertion.job_workflow_ref == assertion.repository + \"/.github/workflows/ci.yml@refs/heads/main\""
    error_message = "The issuer signs for everybody: the provider must ask for our organisation, main, and the repository's own ci.yml."
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.services.attribute_mapping["attribute.workflow"] == "assertion.job_workflow_ref"
    error_message = "Writers of registries are named by this attribute."
  }
}

run "refuses_any_organisation" {
  command = plan
  variables { organization = "*" }
  expect_failures = [var.organization]
}

run "refuses_an_issuer_in_the_clear" {
  command = plan
  variables { issuer = "http://token.actions.githubusercontent.com" }
  expect_failures = [var.issuer]
}
