# Metrics of all clusters, for a year.
resource "google_storage_bucket" "thanos" {
  project                     = var.project
  name                        = var.buckets.thanos
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = var.labels

  encryption {
    default_kms_key_name = var.kms_key
  }

  # Thanos rewrites blocks all the time: versions would keep each of them. A week to take back a mistake.
  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age = var.metrics_retention_days
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 7
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Documentation as the portal shows it; made anew from git at any time.
resource "google_storage_bucket" "techdocs" {
  project                     = var.project
  name                        = var.buckets.techdocs
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = var.labels

  encryption {
    default_kms_key_name = var.kms_key
  }

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      num_newer_versions = 3
      with_state         = "ARCHIVED"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_storage_bucket_iam_member" "thanos" {
  for_each = var.writers.thanos

  bucket = google_storage_bucket.thanos.name
  role   = "roles/storage.objectUser"
  member = each.key
}

resource "google_storage_bucket_iam_member" "techdocs" {
  for_each = var.writers.techdocs

  bucket = google_storage_bucket.techdocs.name
  role   = "roles/storage.objectUser"
  member = each.key
}

resource "google_storage_bucket_iam_member" "techdocs_readers" {
  for_each = var.readers

  bucket = google_storage_bucket.techdocs.name
  role   = "roles/storage.objectViewer"
  member = each.key
}

resource "google_compute_address" "metrics" {
  project      = var.project
  name         = "metrics"
  description  = "Where every cluster writes its metrics"
  region       = var.location
  address_type = "INTERNAL"
  subnetwork   = var.metrics_address.subnetwork
  address      = var.metrics_address.address
  labels       = var.labels
}
