mock_provider "google" {
  override_during = plan

  mock_resource "google_pubsub_topic" {
    defaults = { id = "projects/airpay-payments-prod/topics/payments-prod-region-a-secret-rotation" }
  }
}
mock_provider "time" {
  override_during = plan
}

variables {
  project        = "airpay-payments-prod"
  project_number = "123456789012"
  location       = "europe-west1"
  name           = "payments-prod-region-a"
  kms_key_id     = "projects/airpay-payments-prod/locations/europe-west1/keyRings/payments-prod-region-a/cryptoKeys/secrets"
  secrets = {
    payments-ledger-database-url-region-a = { readers = ["serviceAccount:external-secrets-region-a@airpay-payments-prod.iam.gserviceaccount.com"] }
    payments-ledger-api-keys-region-a     = { readers = ["serviceAccount:external-secrets-region-a@airpay-payments-prod.iam.gserviceaccount.com"], rotation_days = 30 }
  }
  labels = {
    team        = "platform", product = "portal", system = "platform", component = "secrets", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "a_secret_stays_in_the_location_of_its_site_under_our_key" {
  command = plan

  assert {
    condition     = time_sleep.publishers.create_duration == "120s" && strcontains(time_sleep.publishers.triggers["members"], "gcp-sa-secretmanager")
    error_message = "The first secret waits until Secret Manager may publish, also when who publishes changes."
  }

  assert {
    condition = alltrue([for secret in google_secret_manager_secret.this :
      length(secret.replication[0].auto) == 0 &&
      [for replica in secret.replication[0].user_managed[0].replicas : replica.location] == ["europe-west1"] &&
      alltrue([for replica in secret.replication[0].user_managed[0].replicas : replica.customer_managed_encryption[0].kms_key_name == var.kms_key_id])
    ])
    error_message = "One replica, in europe-west1, encrypted with our key; never automatic replication."
  }

  assert {
    condition     = google_pubsub_topic.rotation.message_storage_policy[0].allowed_persistence_regions == toset(["europe-west1"]) && google_pubsub_topic.rotation.kms_key_name == var.kms_key_id
    error_message = "The topic stays where the secrets are."
  }

  # Pub/Sub refuses whoever publishes from another region then (FAILED_PRECONDITION), and Secret Manager tries the topic before it makes a secret.
  assert {
    condition     = google_pubsub_topic.rotation.message_storage_policy[0].enforce_in_transit != true
    error_message = "Secret Manager, wherever it runs, may publish."
  }
}

run "only_the_reader_of_a_secret_reads_it" {
  command = plan

  assert {
    condition = alltrue([for binding in google_secret_manager_secret_iam_binding.readers :
      binding.role == "roles/secretmanager.secretAccessor" &&
      binding.members == toset(["serviceAccount:external-secrets-region-a@airpay-payments-prod.iam.gserviceaccount.com"])
    ])
    error_message = "One reader each, by a binding that removes anybody else."
  }

  assert {
    condition     = length(google_secret_manager_secret_iam_binding.readers) == 2
    error_message = "Every secret has a binding of its own."
  }
}

run "a_secret_is_rotated_and_not_lost" {
  command = plan

  assert {
    condition = (
      google_secret_manager_secret.this["payments-ledger-api-keys-region-a"].rotation[0].rotation_period == "2592000s" &&
      google_secret_manager_secret.this["payments-ledger-database-url-region-a"].rotation[0].rotation_period == "7776000s"
    )
    error_message = "30 days where it says so, 90 otherwise."
  }

  assert {
    condition     = alltrue([for secret in google_secret_manager_secret.this : secret.deletion_protection && secret.version_destroy_ttl == "2592000s"])
    error_message = "The secret cannot be deleted, and a destroyed version can be brought back for 30 days."
  }

  assert {
    condition     = alltrue([for secret in google_secret_manager_secret.this : secret.labels["reader"] == "cluster" && secret.labels["residency"] == "eu"])
    error_message = "The ten labels, and the one that External Secrets goes by."
  }
}

run "people_read_by_their_group_where_no_pod_does" {
  command = plan

  variables { secrets = { payments-database-superuser-region-a = { readers = ["group:database@airpay.example"] } } }

  assert {
    condition     = google_secret_manager_secret_iam_binding.readers["payments-database-superuser-region-a"].members == toset(["group:database@airpay.example"])
    error_message = "Those who run the plays, and no pod."
  }
}

run "refuses_a_secret_for_everybody" {
  command = plan
  variables { secrets = { leak = { readers = ["allAuthenticatedUsers"] } } }
  expect_failures = [var.secrets]
}

run "refuses_a_person_as_reader" {
  command = plan
  variables { secrets = { leak = { readers = ["user:someone@airpay.example"] } } }
  expect_failures = [var.secrets]
}

run "refuses_a_secret_without_readers" {
  command = plan
  variables { secrets = { nobody = { readers = [] } } }
  expect_failures = [var.secrets]
}

run "refuses_a_secret_that_is_never_rotated" {
  command = plan
  variables { secrets = { old = { readers = ["serviceAccount:a-b@airpay-devops.iam.gserviceaccount.com"], rotation_days = 400 } } }
  expect_failures = [var.secrets]
}

run "refuses_a_location_of_several_regions" {
  command = plan
  variables { location = "europe" }
  expect_failures = [var.location]
}

run "refuses_a_missing_label" {
  command = plan
  variables {
    labels = {
      team = "platform", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}

run "refuses_an_unknown_label" {
  command = plan
  variables {
    labels = {
      team = "platform", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", costcentre = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}

run "refuses_a_label_value_google_would_refuse" {
  command = plan
  variables {
    labels = {
      team = "Platform Team", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}
