# What a service of the template has in Google Cloud, in one region of one environment. The same for every service: its repository says who owns
# it and how much hangs on it, and brings no Terraform of its own (ADR 0128).
data "google_project" "hub" {
  project_id = local.estate.projects["devops"]
}

# Who the pods are. The Kubernetes service account of the same name in the namespace of the same name acts as it.
resource "google_service_account" "service" {
  # Google allows 30 characters; the hash keeps shortened names apart.
  account_id   = length("${var.name}-${var.region}") <= 30 ? "${var.name}-${var.region}" : "${trimsuffix(substr(var.name, 0, 22), "-")}-${substr(sha256("${var.name}-${var.region}"), 0, 7)}"
  display_name = "${var.name} in ${var.region} (${var.environment})"
  description  = "Identity of the pods of ${var.name}; used through Workload Identity, has no keys."
}

resource "google_service_account_iam_member" "workload_identity" {
  service_account_id = google_service_account.service.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${local.project}.svc.id.goog[${var.name}/${var.name}]"
}

# The key with which this service calls the ledger. Terraform makes the place; the value is put there by the ledger's
# owners and never passes through a state file.
resource "google_secret_manager_secret" "ledger_api_key" {
  secret_id = "${var.name}-ledger-api-key-${var.region}"
  labels    = local.labels

  replication {
    user_managed {
      replicas {
        location = local.site.location

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

# Images. Tags are immutable and manifests name digests, so what was tested is what runs. Nothing is
# deleted by its age: the image that runs may be older than any, and so may its signature.
resource "google_artifact_registry_repository" "images" {
  location      = local.site.location
  repository_id = var.name
  description   = "Images of ${var.name}"
  format        = "DOCKER"
  kms_key_name  = "${local.keys}/buckets"
  labels        = local.labels

  docker_config {
    immutable_tags = true
  }

  # A node that starts pulls again what already runs elsewhere.
  lifecycle {
    prevent_destroy = true
  }
}

# Authoritative: who was let in by hand is out at the next apply.
resource "google_artifact_registry_repository_iam_binding" "readers" {
  project    = local.project
  location   = local.site.location
  repository = google_artifact_registry_repository.images.repository_id
  role       = "roles/artifactregistry.reader"
  members    = local.image_readers
}

# The pipeline pushes, without a key and without an account: the token of its run is let in as itself.
resource "google_artifact_registry_repository_iam_binding" "writers" {
  project    = local.project
  location   = local.site.location
  repository = google_artifact_registry_repository.images.repository_id
  role       = "roles/artifactregistry.writer"
  members    = [local.publisher]
}
