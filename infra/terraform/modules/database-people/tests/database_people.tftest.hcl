mock_provider "google" {}

variables {
  project  = "airpay-payments-prod"
  group    = "database@airpay.example"
  machines = { pg-a1 = "europe-west1-b", pg-a2 = "europe-west1-c" }
  accounts = ["patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com"]
}

run "logs_in_to_each_machine_and_to_no_other" {
  command = plan

  assert {
    condition     = toset(keys(google_iap_tunnel_instance_iam_member.tunnel)) == toset(keys(var.machines)) && toset(keys(google_compute_instance_iam_member.login)) == toset(keys(var.machines)) && google_compute_instance_iam_member.login["pg-a2"].zone == "europe-west1-c"
    error_message = "The tunnel and the login, machine by machine, where each is."
  }

  assert {
    condition     = google_project_iam_member.inventory.role == "roles/compute.viewer"
    error_message = "For the whole project it looks, and no more."
  }

  assert {
    condition     = google_service_account_iam_member.login["patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com"].service_account_id == "projects/airpay-payments-prod/serviceAccounts/patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com"
    error_message = "Without the machines' account Google refuses the login."
  }

  assert {
    condition = toset(concat(
      [google_project_iam_member.inventory.member], values(google_iap_tunnel_instance_iam_member.tunnel)[*].member,
      values(google_compute_instance_iam_member.login)[*].member, values(google_service_account_iam_member.login)[*].member,
    )) == toset(["group:database@airpay.example"])
    error_message = "One group."
  }
}

run "refuses_a_node" {
  command = plan

  variables {
    machines = { gke-payments-region-a-system = "europe-west1-b" }
  }

  expect_failures = [var.machines]
}

run "refuses_an_account_of_another_project" {
  command = plan

  variables {
    accounts = ["patroni-region-a@airpay-payments-dev.iam.gserviceaccount.com"]
  }

  expect_failures = [var.accounts]
}

run "refuses_everybody" {
  command = plan

  variables {
    group = "allAuthenticatedUsers"
  }

  expect_failures = [var.group]
}

run "refuses_what_is_no_project" {
  command = plan

  variables {
    project  = "*"
    accounts = ["patroni-region-a@*.iam.gserviceaccount.com"]
  }

  expect_failures = [var.project]
}
