mock_provider "google" {}

variables {
  project = "airpay-payments-dev"
  argocd  = "serviceAccount:argocd@airpay-devops.iam.gserviceaccount.com"
}

run "reaches_control_planes_and_no_more" {
  command = plan

  assert {
    condition     = google_project_iam_custom_role.clusters.permissions == toset(["container.clusters.connect", "container.clusters.get"])
    error_message = "Exactly these two: it makes, changes and deletes no cluster."
  }

  assert {
    condition     = google_project_iam_member.clusters.member == var.argocd && google_project_iam_member.clusters.project == var.project
    error_message = "Argo CD alone, in this project alone."
  }
}

run "refuses_another_account" {
  command = plan

  variables {
    argocd = "serviceAccount:portal@airpay-devops.iam.gserviceaccount.com"
  }

  expect_failures = [var.argocd]
}

run "refuses_what_is_no_project" {
  command = plan

  variables {
    project = "*"
  }

  expect_failures = [var.project]
}
