mock_provider "google" {
  override_during = plan

  mock_resource "google_kms_key_ring" {
    defaults = { id = "projects/airpay-devops/locations/europe-north1/keyRings/devops-hub" }
  }
}
mock_provider "time" {
  override_during = plan
}

variables {
  project        = "airpay-devops"
  project_number = "123456789012"
  location       = "europe-north1"
  name           = "devops-hub"
  labels = {
    team        = "platform", product = "portal", system = "platform", component = "kms", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "keys_are_rotated_within_90_days_and_not_lost" {
  command = plan

  assert {
    condition     = keys(google_kms_crypto_key.this) == ["buckets", "cluster", "disks", "secrets"]
    error_message = "The four keys of a site."
  }

  assert {
    condition     = alltrue([for key in google_kms_crypto_key.this : tonumber(trimsuffix(key.rotation_period, "s")) <= 90 * 86400])
    error_message = "Every key gets a new version within 90 days."
  }

  assert {
    condition     = alltrue([for key in google_kms_crypto_key.this : tonumber(trimsuffix(key.destroy_scheduled_duration, "s")) >= 30 * 86400])
    error_message = "A destroyed version can be brought back for 30 days."
  }
}

run "only_the_service_of_a_key_may_use_it" {
  command = plan

  assert {
    condition     = google_kms_crypto_key_iam_binding.encrypters["disks"].members == toset(["serviceAccount:service-123456789012@compute-system.iam.gserviceaccount.com"])
    error_message = "Disks are encrypted by Compute Engine and by nobody else."
  }

  assert {
    condition = google_kms_crypto_key_iam_binding.encrypters["secrets"].members == toset([
      "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com",
      "serviceAccount:service-123456789012@gcp-sa-secretmanager.iam.gserviceaccount.com",
    ])
    error_message = "Secrets and the topic of their rotation."
  }

  assert {
    condition     = alltrue([for binding in google_kms_crypto_key_iam_binding.encrypters : binding.role == "roles/cloudkms.cryptoKeyEncrypterDecrypter"])
    error_message = "They encrypt and decrypt; they do not manage keys."
  }
}

run "key_ids_wait_until_the_grants_are_known" {
  command = plan

  assert {
    condition     = time_sleep.grants.create_duration == "120s" && length(time_sleep.grants.triggers) == 4
    error_message = "A changed grant is waited for as a new one is."
  }
}

run "refuses_slow_rotation" {
  command = plan
  variables { rotation_days = 91 }
  expect_failures = [var.rotation_days]
}

run "refuses_an_unknown_service" {
  command = plan
  variables { keys = { disks = { services = ["everything"] } } }
  expect_failures = [var.keys]
}

run "refuses_a_person_as_encrypter" {
  command = plan
  variables { keys = { disks = { services = ["compute"], encrypters = ["user:someone@airpay.example"] } } }
  expect_failures = [var.keys]
}

run "refuses_keys_that_are_everywhere" {
  command = plan
  variables { location = "global" }
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
