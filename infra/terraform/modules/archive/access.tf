# All a database machine may do in its repository: no rights on the bucket itself, so neither its protection nor its readers can be changed.
resource "google_project_iam_custom_role" "repository_writer" {
  project     = var.project
  role_id     = "pgbackrestRepositoryWriter"
  title       = "pgBackRest repository writer"
  description = "Objects of a repository; nothing of the bucket."
  stage       = "GA"

  permissions = [
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
  ]
}

# Authoritative: the machines of this database in all its regions (the leader fills every repository, ADR 0121), and nobody else.
resource "google_storage_bucket_iam_binding" "repository_writer" {
  for_each = var.repositories

  bucket  = google_storage_bucket.repository[each.key].name
  role    = google_project_iam_custom_role.repository_writer.name
  members = [for writer in each.value.writers : "serviceAccount:${writer}"]
}

# The locked copy is made by Google's transfer service. Database machines have no rights there at all.
data "google_storage_transfer_project_service_account" "this" {
  project = var.project
}

resource "google_storage_bucket_iam_member" "copy_reads" {
  for_each = { for pair in setproduct(keys(var.repositories), ["roles/storage.legacyBucketReader", "roles/storage.objectViewer"]) : "${pair[0]}/${pair[1]}" => { site = pair[0], role = pair[1] } }

  bucket = google_storage_bucket.repository[each.value.site].name
  role   = each.value.role
  member = data.google_storage_transfer_project_service_account.this.member
}

# legacyBucketWriter is what the transfer service asks for; it includes deleting, which the lock refuses.
resource "google_storage_bucket_iam_member" "copy_writes" {
  for_each = { for pair in setproduct(keys(var.repositories), ["roles/storage.legacyBucketWriter", "roles/storage.objectViewer"]) : "${pair[0]}/${pair[1]}" => { site = pair[0], role = pair[1] } }

  bucket = google_storage_bucket.locked_copy[each.value.site].name
  role   = each.value.role
  member = data.google_storage_transfer_project_service_account.this.member
}

# A job whose account cannot read its buckets yet is refused when it is made, and a grant takes up to two minutes to be known.
resource "time_sleep" "copy" {
  create_duration = "120s"
  triggers        = { buckets = join(",", sort([for repository in values(var.repositories) : repository.bucket])) }

  depends_on = [google_storage_bucket_iam_member.copy_reads, google_storage_bucket_iam_member.copy_writes]
}

resource "google_storage_transfer_job" "copy" {
  for_each = var.repositories

  project     = var.project
  description = "${each.value.bucket}: hourly, to the copy that nobody can delete"
  status      = "ENABLED"

  transfer_spec {
    gcs_data_source {
      bucket_name = google_storage_bucket.repository[each.key].name
    }

    gcs_data_sink {
      bucket_name = google_storage_bucket.locked_copy[each.key].name
    }

    # What is there stays as it is: the lock would refuse to replace it, and a later backup.info is not needed (pgBackRest makes it anew from
    # the manifests).
    transfer_options {
      overwrite_when                             = "NEVER"
      overwrite_objects_already_existing_in_sink = false
      delete_objects_unique_in_sink              = false
      delete_objects_from_source_after_transfer  = false
    }
  }

  schedule {
    repeat_interval = "3600s"

    schedule_start_date {
      year  = tonumber(formatdate("YYYY", "${var.copies_from}T00:00:00Z"))
      month = tonumber(formatdate("M", "${var.copies_from}T00:00:00Z"))
      day   = tonumber(formatdate("D", "${var.copies_from}T00:00:00Z"))
    }

    start_time_of_day {
      hours   = 0
      minutes = 15
      seconds = 0
      nanos   = 0
    }
  }

  logging_config {
    log_actions       = ["COPY"]
    log_action_states = ["SUCCEEDED", "FAILED"]
  }

  depends_on = [time_sleep.copy]
}

resource "google_storage_bucket_iam_member" "restorers" {
  for_each = { for pair in setproduct(concat(
    [for site, repository in var.repositories : repository.bucket],
    [for site, repository in var.repositories : "${repository.bucket}-locked"],
  ), var.restorers) : "${pair[0]} ${pair[1]}" => { bucket = pair[0], member = pair[1] } }

  bucket = each.value.bucket
  role   = "roles/storage.objectViewer"
  member = each.value.member

  depends_on = [google_storage_bucket.repository, google_storage_bucket.locked_copy]
}

resource "google_storage_bucket_iam_member" "auditors" {
  for_each = google_storage_bucket.logs

  bucket = each.value.name
  role   = "roles/storage.objectViewer"
  member = "group:${var.auditors}"
}
