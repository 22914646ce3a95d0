mock_provider "google" {}

variables {
  project         = "airpay-devops"
  project_numbers = { dev = "111111111111", prod = "222222222222" }
  image_key       = "projects/airpay-devops/locations/europe-north1/keyRings/devops-hub/cryptoKeys/disks"
  deployers       = { dev = "deployer-dev@airpay-payments-dev.iam.gserviceaccount.com", prod = "deployer-prod@airpay-payments-prod.iam.gserviceaccount.com" }
  planners        = { dev = "planner-dev@airpay-payments-dev.iam.gserviceaccount.com", prod = "planner-prod@airpay-payments-prod.iam.gserviceaccount.com" }
}

run "the_number_of_the_hub_is_all_that_a_planner_reads_there" {
  command = plan

  assert {
    condition     = google_project_iam_custom_role.number.permissions == toset(["resourcemanager.projects.get"]) && length(google_project_iam_member.number) == 4
    error_message = "Planners and deployers of the spokes read the project, not who may do what in it."
  }

  assert {
    condition     = !anytrue([for grant in google_project_iam_member.spokes : strcontains(grant.member, "planner-")])
    error_message = "A planner uses neither networks nor images of the hub."
  }
}

run "uses_and_changes_nothing" {
  command = plan

  assert {
    condition     = !anytrue([for permission in google_project_iam_custom_role.spokes.permissions : can(regex("(create|update|delete|setIamPolicy|add|remove|insert)$", permission))])
    error_message = "A spoke's deployer changes nothing at the hub."
  }

  assert {
    condition = length(setsubtract(
      ["dns.networks.bindPrivateDNSZone", "dns.networks.targetWithPeeringZone", "compute.images.useReadOnly", "compute.images.getFromFamily"],
      google_project_iam_custom_role.spokes.permissions,
    )) == 0
    error_message = "Google refuses a zone, a peering zone or a machine of another project without these."
  }

  assert {
    condition = toset([for grant in google_project_iam_member.spokes : "${grant.project} ${grant.member}"]) == toset([
      "airpay-devops serviceAccount:deployer-dev@airpay-payments-dev.iam.gserviceaccount.com",
      "airpay-devops serviceAccount:deployer-prod@airpay-payments-prod.iam.gserviceaccount.com",
    ])
    error_message = "The deployers of the spokes, at the hub alone."
  }
}

run "machines_start_from_an_encrypted_image" {
  command = plan

  assert {
    condition = { for environment, grant in google_kms_crypto_key_iam_member.image : environment => "${grant.role} ${grant.member}" } == {
      dev  = "roles/cloudkms.cryptoKeyDecrypter serviceAccount:service-111111111111@compute-system.iam.gserviceaccount.com"
      prod = "roles/cloudkms.cryptoKeyDecrypter serviceAccount:service-222222222222@compute-system.iam.gserviceaccount.com"
    }
    error_message = "Google's account of each project reads the key, and encrypts nothing with it."
  }
}

run "refuses_a_deployer_without_its_project" {
  command = plan

  variables {
    project_numbers = { dev = "111111111111" }
  }

  expect_failures = [var.project_numbers]
}

run "refuses_what_is_no_key" {
  command = plan

  variables {
    image_key = "disks"
  }

  expect_failures = [var.image_key]
}

run "refuses_another_environment" {
  command = plan

  variables {
    project_numbers = { hub = "333333333333" }
    deployers       = { hub = "deployer-hub@airpay-devops.iam.gserviceaccount.com" }
    planners        = { hub = "planner-hub@airpay-devops.iam.gserviceaccount.com" }
  }

  expect_failures = [var.deployers]
}

run "refuses_what_is_no_project" {
  command = plan

  variables {
    project = "*"
  }

  expect_failures = [var.project]
}
