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
