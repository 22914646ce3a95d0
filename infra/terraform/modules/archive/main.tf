# The archive: other people hold its keys, and no account of another project may delete here. See ADR 0093 for why a repository of
# pgBackRest is two buckets.
locals {
  day = 86400
}

# Where database machines write. pgBackRest replaces a few small files with every backup (backup.info, archive.info) and removes what is
# left of one that was broken off, so this bucket cannot have a retention policy. What is replaced or deleted here stays for 90 days all
# the same: deleted objects are kept by Google, and neither the writer nor its project can change that.
resource "google_storage_bucket" "repository" {
  for_each = var.repositories

  project                     = var.project
  name                        = each.value.bucket
  location                    = upper(each.value.location)
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = merge(var.labels, { component = "pgbackrest" })

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 90 * local.day
  }

  encryption {
    default_kms_key_name = each.value.kms_key_id
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = 7
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# What nobody can delete, not even the owners of this project, until the days are over.
resource "google_storage_bucket" "locked_copy" {
  for_each = var.repositories

  project                     = var.project
  name                        = "${each.value.bucket}-locked"
  location                    = upper(each.value.location)
  storage_class               = "NEARLINE"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = merge(var.labels, { component = "pgbackrest" })

  retention_policy {
    is_locked        = true
    retention_period = each.value.retention_days * local.day
  }

  soft_delete_policy {
    retention_duration_seconds = 7 * local.day
  }

  encryption {
    default_kms_key_name = each.value.kms_key_id
  }

  # Never before the lock ends; a week later, so that the last day is a whole one.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age        = each.value.retention_days + 7
      with_state = "ANY"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_storage_bucket" "logs" {
  for_each = var.logs

  project                     = var.project
  name                        = each.value.bucket
  location                    = upper(each.value.location)
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = merge(var.labels, { component = "${each.key}-logs" })

  retention_policy {
    is_locked        = true
    retention_period = each.value.retention_days * local.day
  }

  soft_delete_policy {
    retention_duration_seconds = 7 * local.day
  }

  encryption {
    default_kms_key_name = each.value.kms_key_id
  }

  # Logs are read in the first weeks or in an inquiry years later.
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "ARCHIVE"
    }

    condition {
      age        = 90
      with_state = "ANY"
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age        = each.value.retention_days + 7
      with_state = "ANY"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
