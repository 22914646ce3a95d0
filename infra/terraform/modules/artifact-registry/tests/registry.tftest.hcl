mock_provider "google" {
  override_during = plan
}

variables {
  project         = "airpay-devops"
  location        = "europe"
  repository      = "payments"
  readers         = ["serviceAccount:gke-nodes@airpay-payments-prod.iam.gserviceaccount.com"]
  writers         = ["serviceAccount:pipeline@airpay-devops.iam.gserviceaccount.com"]
  package_readers = ["serviceAccount:patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com"]
  kms_key_id      = "projects/airpay-devops/locations/europe/keyRings/devops-europe/cryptoKeys/registry"
  labels = {
    team        = "platform", product = "portal", system = "platform", component = "registry", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "a_tag_stays_what_it_was" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository.images.docker_config[0].immutable_tags && google_artifact_registry_repository.images.vulnerability_scanning_config[0].enablement_config == "INHERITED"
    error_message = "Immutable tags, and scanning."
  }

  assert {
    condition     = output.host == "europe-docker.pkg.dev/airpay-devops/payments"
    error_message = "The prefix of images, as estate.yaml has it."
  }
}

run "what_is_stored_is_encrypted_with_our_key" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository.images.kms_key_name == var.kms_key_id && alltrue([for repository in google_artifact_registry_repository.packages : repository.kms_key_name == var.kms_key_id])
    error_message = "Images and packages."
  }
}

run "no_image_and_no_signature_goes_by_its_age" {
  command = plan

  assert {
    condition     = length(google_artifact_registry_repository.images.cleanup_policies) == 0
    error_message = "Signatures have no tag, and what runs may be older than any limit."
  }
}

run "database_machines_install_without_the_internet" {
  command = plan

  assert {
    condition     = keys(output.apt_repositories) == ["debian-bookworm", "debian-bookworm-security", "debian-bookworm-updates"] && output.apt_repositories["debian-bookworm"].uri == "ar+https://europe-apt.pkg.dev/remote/airpay-devops/debian-bookworm"
    error_message = "The suites a machine needs, security among them."
  }

  assert {
    condition = alltrue([for repository in google_artifact_registry_repository.packages :
      repository.mode == "REMOTE_REPOSITORY" && repository.remote_repository_config[0].apt_repository[0].public_repository[0].repository_base == "DEBIAN"
    ])
    error_message = "Debian's own archive, and nobody else's."
  }
}

run "each_reads_what_it_needs" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository_iam_binding.readers[0].members == toset(["serviceAccount:gke-nodes@airpay-payments-prod.iam.gserviceaccount.com"]) && google_artifact_registry_repository_iam_binding.readers[0].role == "roles/artifactregistry.reader"
    error_message = "Nodes pull images."
  }

  assert {
    condition     = alltrue([for binding in google_artifact_registry_repository_iam_binding.package_readers : binding.members == toset(["serviceAccount:patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com"]) && binding.repository != "payments"])
    error_message = "Database machines read packages and no images."
  }
}

run "refuses_a_public_registry" {
  command = plan
  variables { readers = ["allUsers"] }
  expect_failures = [var.readers]
}

run "refuses_people_who_push" {
  command = plan
  variables { writers = ["user:someone@airpay.example"] }
  expect_failures = [var.writers]
}

run "refuses_a_registry_everywhere" {
  command = plan
  variables { location = "us" }
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
