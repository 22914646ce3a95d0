locals {
  # Debian's own archive, by suite. A machine without a route to the internet installs packages through these.
  suites = {
    debian-bookworm          = { name = "bookworm", path = "debian/dists/bookworm" }
    debian-bookworm-updates  = { name = "bookworm-updates", path = "debian/dists/bookworm-updates" }
    debian-bookworm-security = { name = "bookworm-security", path = "debian-security/dists/bookworm-security" }
  }
}

resource "google_artifact_registry_repository" "images" {
  project       = var.project
  location      = var.location
  repository_id = var.repository
  description   = "Our images. What a tag named once, it names for ever."
  format        = "DOCKER"
  mode          = "STANDARD_REPOSITORY"
  kms_key_name  = var.kms_key_id
  labels        = var.labels

  docker_config {
    immutable_tags = true
  }

  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }

  # Nothing is cleared up: signatures, bills of materials and the parts of an image have no tag of their own, and what runs may be older than any limit.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_artifact_registry_repository" "packages" {
  for_each = local.suites

  project       = var.project
  location      = var.location
  repository_id = each.key
  description   = "Debian ${each.value.name}, fetched when it is asked for."
  format        = "APT"
  mode          = "REMOTE_REPOSITORY"
  kms_key_name  = var.kms_key_id
  labels        = var.labels

  remote_repository_config {
    description = "Debian ${each.value.name}"

    apt_repository {
      public_repository {
        repository_base = "DEBIAN"
        repository_path = each.value.path
      }
    }
  }

  cleanup_policy_dry_run = false

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      tag_state  = "ANY"
      older_than = "7776000s"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_artifact_registry_repository_iam_binding" "readers" {
  count = length(var.readers) > 0 ? 1 : 0

  project    = var.project
  location   = var.location
  repository = google_artifact_registry_repository.images.repository_id
  role       = "roles/artifactregistry.reader"
  members    = var.readers
}

resource "google_artifact_registry_repository_iam_binding" "writers" {
  count = length(var.writers) > 0 ? 1 : 0

  project    = var.project
  location   = var.location
  repository = google_artifact_registry_repository.images.repository_id
  role       = "roles/artifactregistry.writer"
  members    = var.writers
}

resource "google_artifact_registry_repository_iam_binding" "package_readers" {
  for_each = length(var.package_readers) > 0 ? local.suites : {}

  project    = var.project
  location   = var.location
  repository = google_artifact_registry_repository.packages[each.key].repository_id
  role       = "roles/artifactregistry.reader"
  members    = var.package_readers
}
