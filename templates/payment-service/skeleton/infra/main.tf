locals {
  # Keys of the platform in this region: its projects are airpay-<key>, its key rings <key>-<region>. The organisation lets nothing be stored
  # that is not encrypted with one.
  keys = "projects/${var.project}/locations/${var.location}/keyRings/${trimprefix(var.project, "airpay-")}-${var.region}/cryptoKeys"

  # The cluster's nodes pull the images, and Kyverno reads their signatures before a pod starts.
  image_readers = toset([for account in ["gke-system", "gke-application", "gke-auto", "kyverno"] :
    "serviceAccount:${account}-${var.region}@${var.project}.iam.gserviceaccount.com"
  ])
}

# Who the pods are. The Kubernetes service account of the same name in the namespace of the same name acts as it.
resource "google_service_account" "service" {
  # Google allows 30 characters; the hash keeps shortened names apart.
  account_id   = length("${local.name}-${var.region}") <= 30 ? "${local.name}-${var.region}" : "${trimsuffix(substr(local.name, 0, 22), "-")}-${substr(sha256("${local.name}-${var.region}"), 0, 7)}"
  display_name = "${local.name} in ${var.region} (${var.environment})"
  description  = "Identity of the pods of ${local.name}; used through Workload Identity, has no keys."
}

resource "google_service_account_iam_member" "workload_identity" {
  service_account_id = google_service_account.service.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[${local.name}/${local.name}]"
}

# The key with which this service calls the ledger. Terraform makes the place; the value is put there by the ledger's
# owners and never passes through a state file.
resource "google_secret_manager_secret" "ledger_api_key" {
  secret_id = "${local.name}-ledger-api-key-${var.region}"
  labels    = local.labels

  replication {
    user_managed {
      replicas {
        location = var.location

        customer_managed_encryption {
          kms_key_name = "${local.keys}/secrets"
        }
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_secret_manager_secret_iam_member" "reads_ledger_api_key" {
  secret_id = google_secret_manager_secret.ledger_api_key.id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${google_service_account.service.email}"
}

# Images. Tags are immutable and manifests name digests, so what was tested is what runs.
resource "google_artifact_registry_repository" "images" {
  location      = var.location
  repository_id = local.name
  description   = "Images of ${local.name}"
  format        = "DOCKER"
  kms_key_name  = "${local.keys}/buckets"
  labels        = local.labels

  docker_config {
    immutable_tags = true
  }

  cleanup_policy_dry_run = false
  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 20
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "7776000s" # 90 days
    }
  }

  # A node that starts pulls again what already runs elsewhere.
  lifecycle {
    prevent_destroy = true
  }
}

# Authoritative: who was let in by hand is out at the next apply.
resource "google_artifact_registry_repository_iam_binding" "readers" {
  project    = var.project
  location   = var.location
  repository = google_artifact_registry_repository.images.repository_id
  role       = "roles/artifactregistry.reader"
  members    = local.image_readers
}
