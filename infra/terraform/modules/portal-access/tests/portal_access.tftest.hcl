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

run "replaces_records_of_one_zone" {
  command = plan

  variables {
    zone = "pay-airpay-example"
  }

  assert {
    condition     = google_dns_managed_zone_iam_member.traffic[0].managed_zone == "pay-airpay-example" && google_dns_managed_zone_iam_member.traffic[0].member == var.portal
    error_message = "In this zone and for the portal alone; the zones of the databases are not its."
  }

  assert {
    condition = length(setsubtract([
      "dns.changes.create", "dns.changes.get", "dns.resourceRecordSets.create", "dns.resourceRecordSets.delete", "dns.resourceRecordSets.list",
    ], google_project_iam_custom_role.traffic[0].permissions)) == 0
    error_message = "What the portal calls must be among them: list, change (a deletion and an addition), look until it is done."
  }
}

run "moves_nothing_where_there_is_one_region" {
  command = plan

  assert {
    condition     = length(google_dns_managed_zone_iam_member.traffic) == 0 && length(google_project_iam_custom_role.traffic) == 0
    error_message = "Without a zone there is no right to change records."
  }
}

run "refuses_another_account" {
  command = plan

  variables {
    portal = "serviceAccount:atlantis@airpay-devops.iam.gserviceaccount.com"
  }

  expect_failures = [var.portal]
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
