mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  name        = "card-payments"
  environment = "production"
  region      = "region-a"
  team        = "payments-core"
  cost_center = "cc-4100"
  tier        = "1"
}

run "names_and_labels" {
  command = plan

  assert {
    condition     = length(google_service_account.service.account_id) <= 30
    error_message = "Google refuses service account ids of more than 30 characters."
  }

  assert {
    condition     = toset(keys(local.labels)) == toset(local.estate.requiredLabels) && alltrue([for value in values(local.labels) : can(regex("^[a-z0-9][a-z0-9_-]{0,62}$", value))])
    error_message = "Exactly the labels that the estate requires, each of a form Google Cloud takes."
  }

  assert {
    condition     = google_secret_manager_secret.ledger_api_key.labels["region"] == "region-a" && google_secret_manager_secret.ledger_api_key.labels["team"] == "payments-core"
    error_message = "The secret must carry the labels."
  }

  assert {
    condition     = google_artifact_registry_repository.images.docker_config[0].immutable_tags
    error_message = "Tags must be immutable."
  }

  assert {
    condition     = length(google_artifact_registry_repository.images.cleanup_policies) == 0
    error_message = "No age deletes an image: the one that runs may be older than any, and so may its signature."
  }

  assert {
    condition     = google_service_account_iam_member.workload_identity.member == "serviceAccount:airpay-payments-prod.svc.id.goog[card-payments/card-payments]"
    error_message = "Only the service's own Kubernetes service account may act as it."
  }
}

run "a_long_name_is_shortened_and_kept_apart" {
  command = plan
  variables { name = "subscription-renewals-for-latin-americas" }

  assert {
    condition     = google_service_account.service.account_id == "subscription-renewals-${substr(sha256("subscription-renewals-for-latin-americas-region-a"), 0, 7)}"
    error_message = "As the portal computes it for the manifests."
  }
}

run "secrets_and_images_stay_in_the_region_under_its_key" {
  command = plan
  variables { region = "region-b" }

  assert {
    condition     = google_secret_manager_secret.ledger_api_key.replication[0].user_managed[0].replicas[0].location == "europe-west4" && google_artifact_registry_repository.images.location == "europe-west4"
    error_message = "In the region's own location."
  }

  assert {
    condition     = google_secret_manager_secret.ledger_api_key.replication[0].user_managed[0].replicas[0].customer_managed_encryption[0].kms_key_name == "projects/airpay-payments-prod/locations/europe-west4/keyRings/payments-prod-region-b/cryptoKeys/secrets"
    error_message = "The organisation refuses a secret without this key."
  }

  assert {
    condition     = google_artifact_registry_repository.images.kms_key_name == "projects/airpay-payments-prod/locations/europe-west4/keyRings/payments-prod-region-b/cryptoKeys/buckets"
    error_message = "The organisation refuses a repository without this key."
  }
}

run "the_cluster_reads_the_images_and_nobody_else_does" {
  command = plan

  assert {
    condition = google_artifact_registry_repository_iam_binding.readers.role == "roles/artifactregistry.reader" && google_artifact_registry_repository_iam_binding.readers.members == toset([
      "serviceAccount:gke-application-region-a@airpay-payments-prod.iam.gserviceaccount.com",
      "serviceAccount:gke-auto-region-a@airpay-payments-prod.iam.gserviceaccount.com",
      "serviceAccount:gke-system-region-a@airpay-payments-prod.iam.gserviceaccount.com",
      "serviceAccount:kyverno-region-a@airpay-payments-prod.iam.gserviceaccount.com",
    ])
    error_message = "Nodes pull, Kyverno reads signatures: of this region, and of no other."
  }

  assert {
    condition     = google_artifact_registry_repository_iam_binding.readers.repository == google_artifact_registry_repository.images.repository_id
    error_message = "Of this repository, not of the project."
  }
}

run "the_pipeline_of_its_own_repository_pushes_and_nobody_else_does" {
  command = plan

  assert {
    condition = google_artifact_registry_repository_iam_binding.writers.role == "roles/artifactregistry.writer" && google_artifact_registry_repository_iam_binding.writers.members == toset([
      "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/services/attribute.workflow/airpay/card-payments/.github/workflows/ci.yml@refs/heads/main",
    ])
    error_message = "ci.yml on main of the service's own repository."
  }

  # What may be pushed is what may start: Kyverno takes the signature of exactly this workflow.
  assert {
    condition     = can(regex(local.estate.signing.services, "https://${local.estate.git.host}/${element(split("attribute.workflow/", local.publisher), 1)}"))
    error_message = "Admission asks for a signer (estate, signing.services) that this pipeline is not."
  }

  assert {
    condition     = google_artifact_registry_repository_iam_binding.writers.repository == google_artifact_registry_repository.images.repository_id
    error_message = "Into this repository, not of the project."
  }
}

run "dev_is_of_the_dev_project_and_asked_by_nobody_outside" {
  command = plan
  variables { environment = "dev" }

  assert {
    condition     = local.project == "airpay-payments-dev" && length(google_monitoring_uptime_check_config.readiness) == 0
    error_message = "Nothing outside can reach dev; a check would only fail."
  }
}

run "production_is_asked_under_its_own_host" {
  command = plan

  assert {
    condition     = google_monitoring_uptime_check_config.readiness[0].monitored_resource[0].labels["host"] == "card-payments.pay.airpay.example"
    error_message = "The name that its route has."
  }
}

run "a_name_of_another_repository_is_refused" {
  command = plan
  variables { name = "cards-gitops" }
  expect_failures = [var.name]
}

run "a_region_that_the_environment_has_not_is_refused" {
  command = plan
  variables {
    environment = "dev"
    region      = "region-b"
  }
  expect_failures = [var.region]
}

run "an_unknown_environment_is_refused" {
  command = plan
  variables { environment = "staging" }
  expect_failures = [var.environment]
}

run "an_unknown_tier_is_refused" {
  command = plan
  variables { tier = "4" }
  expect_failures = [var.tier]
}

run "a_team_that_is_no_label_is_refused" {
  command = plan
  variables { team = "Payments Core" }
  expect_failures = [var.team]
}
