mock_provider "google" {
  override_during = plan

  mock_resource "google_project_iam_custom_role" {
    defaults = { name = "projects/airpay-archive/roles/pgbackrestRepositoryWriter" }
  }
  mock_data "google_storage_transfer_project_service_account" {
    defaults = { member = "serviceAccount:project-1@storage-transfer-service.iam.gserviceaccount.com" }
  }
}
mock_provider "time" {
  override_during = plan
}

variables {
  project  = "airpay-archive"
  auditors = "auditors@airpay.example"
  repositories = {
    payments-prod-region-a = {
      bucket     = "airpay-archive-pgbackrest-region-a"
      location   = "europe-west1"
      kms_key_id = "projects/airpay-archive/locations/europe-west1/keyRings/archive-region-a/cryptoKeys/buckets"
      writers    = ["patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com", "patroni-region-b@airpay-payments-prod.iam.gserviceaccount.com"]
    }
    payments-prod-region-b = {
      bucket     = "airpay-archive-pgbackrest-region-b"
      location   = "europe-west4"
      kms_key_id = "projects/airpay-archive/locations/europe-west4/keyRings/archive-region-b/cryptoKeys/buckets"
      writers    = ["patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com", "patroni-region-b@airpay-payments-prod.iam.gserviceaccount.com"]
    }
  }
  logs = {
    audit = { bucket = "airpay-archive-audit-logs", location = "europe-north1", kms_key_id = "projects/airpay-archive/locations/europe-north1/keyRings/archive-hub/cryptoKeys/buckets" }
    raw   = { bucket = "airpay-archive-raw-logs", location = "europe-north1", kms_key_id = "projects/airpay-archive/locations/europe-north1/keyRings/archive-hub/cryptoKeys/buckets" }
  }
  labels = {
    team        = "platform", product = "portal", system = "platform", component = "archive", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "nobody_can_delete_a_copy_of_a_backup" {
  command = plan

  assert {
    condition     = time_sleep.copy.create_duration == "120s" && alltrue([for repository in values(var.repositories) : strcontains(time_sleep.copy.triggers["buckets"], repository.bucket)])
    error_message = "A job waits until its account may read the buckets, those of a region that comes later too."
  }

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.locked_copy : bucket.retention_policy[0].is_locked && bucket.retention_policy[0].retention_period == 35 * 86400])
    error_message = "Locked for 35 days, and the lock cannot be undone."
  }

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.locked_copy : length(bucket.versioning) == 0])
    error_message = "Google refuses versioning together with a retention policy."
  }

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.locked_copy : alltrue([for rule in bucket.lifecycle_rule : tolist(rule.condition)[0].age * 86400 > bucket.retention_policy[0].retention_period])])
    error_message = "The lifecycle deletes after the lock has ended."
  }
}

run "a_repository_is_written_by_the_machines_of_its_database_only" {
  command = plan

  assert {
    condition     = google_storage_bucket_iam_binding.repository_writer["payments-prod-region-a"].members == toset(["serviceAccount:patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com", "serviceAccount:patroni-region-b@airpay-payments-prod.iam.gserviceaccount.com"])
    error_message = "The machines of this database in both regions, and nobody else."
  }

  assert {
    condition     = alltrue([for permission in google_project_iam_custom_role.repository_writer.permissions : startswith(permission, "storage.objects.")])
    error_message = "Nothing of the bucket: who may change the bucket could switch its protection off."
  }

  assert {
    condition     = length(setintersection(google_project_iam_custom_role.repository_writer.permissions, ["storage.objects.update", "storage.objects.setRetention", "storage.objects.setIamPolicy", "storage.objects.restore"])) == 0
    error_message = "No rights beyond writing, reading and clearing up."
  }
}

run "database_machines_have_no_rights_in_the_locked_copy" {
  command = plan

  assert {
    condition = alltrue([for grant in google_storage_bucket_iam_member.copy_writes :
      grant.member == "serviceAccount:project-1@storage-transfer-service.iam.gserviceaccount.com" && endswith(grant.bucket, "-locked")
    ])
    error_message = "The transfer service alone writes there."
  }

  assert {
    condition     = alltrue([for binding in google_storage_bucket_iam_binding.repository_writer : !endswith(binding.bucket, "-locked")])
    error_message = "The writers' role is on the repositories only."
  }
}

run "what_is_deleted_in_a_repository_stays_for_90_days" {
  command = plan

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.repository : bucket.versioning[0].enabled && bucket.soft_delete_policy[0].retention_duration_seconds == 90 * 86400])
    error_message = "Versions, and 90 days of what was deleted."
  }

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.repository : length(bucket.retention_policy) == 0])
    error_message = "pgBackRest replaces files: a retention policy here would stop every backup (pgbackrest issue 1439)."
  }
}

run "copies_are_made_every_hour_and_never_replaced" {
  command = plan

  assert {
    condition = alltrue([for job in google_storage_transfer_job.copy :
      job.status == "ENABLED" && job.schedule[0].repeat_interval == "3600s" && length(job.schedule[0].schedule_end_date) == 0 &&
      job.transfer_spec[0].transfer_options[0].overwrite_when == "NEVER" && !job.transfer_spec[0].transfer_options[0].delete_objects_unique_in_sink
    ])
    error_message = "Hourly, without an end, adding only."
  }
}

run "logs_are_kept_a_year_and_seven_years" {
  command = plan

  assert {
    condition     = google_storage_bucket.logs["audit"].retention_policy[0].retention_period == 365 * 86400 && google_storage_bucket.logs["raw"].retention_policy[0].retention_period == 2557 * 86400
    error_message = "365 days, and 2557 days."
  }

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.logs : bucket.retention_policy[0].is_locked])
    error_message = "Locked: not even the owner of the project shortens it."
  }

  assert {
    condition     = output.retention_days == { "airpay-archive-audit-logs" = 365, "airpay-archive-pgbackrest-region-a-locked" = 35, "airpay-archive-pgbackrest-region-b-locked" = 35, "airpay-archive-raw-logs" = 2557 }
    error_message = "The page about retention shows what the buckets enforce."
  }
}

run "every_bucket_is_private_encrypted_and_where_its_key_is" {
  command = plan

  assert {
    condition = alltrue([for bucket in concat(values(google_storage_bucket.repository), values(google_storage_bucket.locked_copy), values(google_storage_bucket.logs)) :
      bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced" && !bucket.force_destroy &&
      strcontains(bucket.encryption[0].default_kms_key_name, "/locations/${lower(bucket.location)}/")
    ])
    error_message = "Private, our key, never deleted with what is in it."
  }
}

run "auditors_read_the_logs" {
  command = plan

  assert {
    condition     = alltrue([for grant in google_storage_bucket_iam_member.auditors : grant.role == "roles/storage.objectViewer" && grant.member == "group:auditors@airpay.example"])
    error_message = "They read, and do nothing else."
  }
}

run "refuses_audit_logs_for_less_than_a_year" {
  command = plan
  variables {
    logs = {
      audit = { bucket = "airpay-archive-audit-logs", location = "europe-north1", retention_days = 364, kms_key_id = "projects/airpay-archive/locations/europe-north1/keyRings/archive-hub/cryptoKeys/buckets" }
      raw   = { bucket = "airpay-archive-raw-logs", location = "europe-north1", kms_key_id = "projects/airpay-archive/locations/europe-north1/keyRings/archive-hub/cryptoKeys/buckets" }
    }
  }
  expect_failures = [var.logs]
}

run "refuses_raw_logs_for_less_than_seven_years" {
  command = plan
  variables {
    logs = {
      audit = { bucket = "airpay-archive-audit-logs", location = "europe-north1", kms_key_id = "projects/airpay-archive/locations/europe-north1/keyRings/archive-hub/cryptoKeys/buckets" }
      raw   = { bucket = "airpay-archive-raw-logs", location = "europe-north1", retention_days = 2556, kms_key_id = "projects/airpay-archive/locations/europe-north1/keyRings/archive-hub/cryptoKeys/buckets" }
    }
  }
  expect_failures = [var.logs]
}

run "refuses_a_short_lock_on_backups" {
  command = plan
  variables {
    repositories = { a = { bucket = "b-a", location = "europe-west1", retention_days = 7, writers = ["database@airpay-payments-prod.iam.gserviceaccount.com"], kms_key_id = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k" } }
  }
  expect_failures = [var.repositories]
}

run "refuses_backups_that_wander" {
  command = plan
  variables {
    repositories = { a = { bucket = "b-a", location = "eu", writers = ["database@airpay-payments-prod.iam.gserviceaccount.com"], kms_key_id = "projects/p/locations/eu/keyRings/r/cryptoKeys/k" } }
  }
  expect_failures = [var.repositories]
}

run "refuses_a_key_in_another_location" {
  command = plan
  variables {
    repositories = { a = { bucket = "b-a", location = "europe-west1", writers = ["database@airpay-payments-prod.iam.gserviceaccount.com"], kms_key_id = "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k" } }
  }
  expect_failures = [var.repositories]
}

run "refuses_a_repository_without_writers" {
  command = plan
  variables {
    repositories = { a = { bucket = "b-a", location = "europe-west1", writers = [], kms_key_id = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k" } }
  }
  expect_failures = [var.repositories]
}

run "refuses_everybody_as_writer" {
  command = plan
  variables {
    repositories = { a = { bucket = "b-a", location = "europe-west1", writers = ["allUsers"], kms_key_id = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k" } }
  }
  expect_failures = [var.repositories]
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
