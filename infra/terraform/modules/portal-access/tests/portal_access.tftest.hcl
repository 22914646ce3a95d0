mock_provider "google" {}

variables {
  project = "airpay-payments-prod"
  portal  = "serviceAccount:portal@airpay-devops.iam.gserviceaccount.com"
  zone    = "pay-airpay-example"
}

run "steers_nodes_and_one_zone_and_nothing_else" {
  assert {
    condition     = alltrue([for permission in google_project_iam_custom_role.clusters.permissions : !can(regex("[.](create|delete|setIamPolicy|getCredentials)$", permission))])
    error_message = "The portal makes and deletes no cluster, and gives nobody rights."
  }

  assert {
    condition     = contains(google_project_iam_custom_role.clusters.permissions, "container.clusters.connect") && contains(google_project_iam_custom_role.clusters.permissions, "container.clusters.update")
    error_message = "It must reach control planes and resize pools."
  }

  assert {
    condition     = google_dns_managed_zone_iam_member.traffic[0].managed_zone == "pay-airpay-example"
    error_message = "Records of that zone alone."
  }

  assert {
    condition     = alltrue([for permission in google_project_iam_custom_role.traffic[0].permissions : can(regex("^dns[.](changes|resourceRecordSets)[.]", permission))])
    error_message = "Records, not zones."
  }
}

run "no_zone_no_right_to_records" {
  command = plan

  variables {
    zone = null
  }

  assert {
    condition     = length(google_dns_managed_zone_iam_member.traffic) == 0 && length(google_project_iam_custom_role.traffic) == 0
    error_message = "Where no record is moved none may be."
  }
}

run "people_are_refused" {
  command = plan

  variables {
    portal = "group:platform@airpay.example"
  }

  expect_failures = [var.portal]
}
