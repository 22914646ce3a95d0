mock_provider "google" {}

variables {
  project     = "airpay-payments-test"
  environment = "production"
  region      = "region-a"
  location    = "europe-west1"
  host        = "${{ values.host }}"
}

run "names_and_labels" {
  command = plan

  assert {
    condition     = length(google_service_account.service.account_id) <= 30
    error_message = "Google refuses service account ids of more than 30 characters."
  }

  assert {
    condition     = length([for value in values(local.labels) : value if can(regex("^[a-z0-9_-]{1,63}$", value))]) == 10
    error_message = "Ten labels are required, each of a form Google Cloud takes."
  }

  assert {
    condition     = google_secret_manager_secret.ledger_api_key.labels["region"] == "region-a"
    error_message = "The secret must carry the labels."
  }

  assert {
    condition     = google_artifact_registry_repository.images.docker_config[0].immutable_tags
    error_message = "Tags must be immutable."
  }

  assert {
    condition     = google_service_account_iam_member.workload_identity.member == "serviceAccount:airpay-payments-test.svc.id.goog[${{ values.name }}/${{ values.name }}]"
    error_message = "Only the service's own Kubernetes service account may act as it."
  }
}

run "secrets_stay_in_the_region" {
  command = plan

  assert {
    condition     = google_secret_manager_secret.ledger_api_key.replication[0].user_managed[0].replicas[0].location == "europe-west1"
    error_message = "The secret must lie in the region's own location."
  }
}

run "nothing_is_stored_without_the_site_s_key" {
  command = plan

  assert {
    condition     = google_secret_manager_secret.ledger_api_key.replication[0].user_managed[0].replicas[0].customer_managed_encryption[0].kms_key_name == "projects/airpay-payments-test/locations/europe-west1/keyRings/payments-test-region-a/cryptoKeys/secrets"
    error_message = "The organisation refuses a secret without this key."
  }

  assert {
    condition     = google_artifact_registry_repository.images.kms_key_name == "projects/airpay-payments-test/locations/europe-west1/keyRings/payments-test-region-a/cryptoKeys/buckets"
    error_message = "The organisation refuses a repository without this key."
  }
}

run "the_cluster_reads_the_images_and_nobody_else_does" {
  command = plan

  assert {
    condition = google_artifact_registry_repository_iam_binding.readers.role == "roles/artifactregistry.reader" && google_artifact_registry_repository_iam_binding.readers.members == toset([
      "serviceAccount:gke-application-region-a@airpay-payments-test.iam.gserviceaccount.com",
      "serviceAccount:gke-auto-region-a@airpay-payments-test.iam.gserviceaccount.com",
      "serviceAccount:gke-system-region-a@airpay-payments-test.iam.gserviceaccount.com",
      "serviceAccount:kyverno-region-a@airpay-payments-test.iam.gserviceaccount.com",
    ])
    error_message = "Nodes pull, Kyverno reads signatures: of this region, and of no other."
  }

  assert {
    condition     = google_artifact_registry_repository_iam_binding.readers.repository == google_artifact_registry_repository.images.repository_id
    error_message = "Of this repository, not of the project."
  }
}

run "a_project_that_is_not_the_platform_s_is_refused" {
  command = plan

  variables {
    project = "payments-test"
  }

  expect_failures = [var.project]
}

run "no_uptime_check_without_a_host" {
  command = plan

  variables {
    environment = "dev"
    host        = null
  }

  assert {
    condition     = length(google_monitoring_uptime_check_config.readiness) == 0
    error_message = "Nothing outside can reach dev; a check would only fail."
  }
}

run "data_stays_in_europe" {
  command = plan

  variables {
    location = "us-east1"
  }

  expect_failures = [var.location]
}

run "unknown_environment_is_refused" {
  command = plan

  variables {
    environment = "staging"
  }

  expect_failures = [var.environment]
}
