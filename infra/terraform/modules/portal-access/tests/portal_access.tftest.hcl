mock_provider "google" {}

variables {
  project = "airpay-payments-dev"
  portal  = "serviceAccount:portal@airpay-devops.iam.gserviceaccount.com"
}

run "resizes_and_deletes_nothing" {
  command = plan

  assert {
    condition     = !anytrue([for permission in google_project_iam_custom_role.clusters.permissions : can(regex("delete|create|setIamPolicy|getCredentials", permission))])
    error_message = "The portal looks and resizes: it makes and deletes no cluster, and takes no credentials."
  }

  assert {
    condition     = contains(google_project_iam_custom_role.clusters.permissions, "container.clusters.update") && google_project_iam_member.clusters.member == var.portal
    error_message = "What it needs for a resize, and for the portal alone."
  }
}

run "refuses_a_person" {
  command = plan

  variables {
    portal = "user:someone@airpay.example"
  }

  expect_failures = [var.portal]
}

run "refuses_what_is_no_project" {
  command = plan

  variables {
    project = "*"
  }

  expect_failures = [var.project]
}
