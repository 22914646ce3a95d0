mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = { name = "projects/airpay-devops/serviceAccounts/image-builder@airpay-devops.iam.gserviceaccount.com", member = "serviceAccount:image-builder@airpay-devops.iam.gserviceaccount.com" }
  }
}

variables {
  project = "airpay-devops"
  group   = "database@airpay.example"
}

run "builds_and_touches_nothing_else" {
  command = plan

  assert {
    condition     = !anytrue([for permission in google_project_iam_custom_role.build.permissions : can(regex("(delete|stop|setMetadata|setIamPolicy|actAs|setServiceAccount)$", permission))])
    error_message = "What is for the whole project deletes and changes nothing of others."
  }

  assert {
    condition = length(google_project_iam_member.own.condition) == 1 && google_project_iam_member.own.condition[0].expression == join(" || ", [
      for kind in ["instances", "disks"] : "resource.name.extract(\"/${kind}/{name}\").startsWith(\"packer-\")"
    ])
    error_message = "It deletes machines and disks of Packer only: the nodes of the hub are in the same project."
  }

  assert {
    condition     = length(setsubtract(["compute.images.create", "compute.instances.create", "compute.instances.osAdminLogin", "iap.tunnelInstances.accessViaIAP", "compute.subnetworks.use"], google_project_iam_custom_role.build.permissions)) == 0
    error_message = "Without these there is no image."
  }
}

run "people_of_one_group_become_it" {
  command = plan

  assert {
    condition     = google_service_account_iam_binding.people.role == "roles/iam.serviceAccountTokenCreator" && google_service_account_iam_binding.people.members == toset(["group:database@airpay.example"])
    error_message = "By a binding, for minutes, and without a key."
  }
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
    project = "*"
  }

  expect_failures = [var.project]
}
