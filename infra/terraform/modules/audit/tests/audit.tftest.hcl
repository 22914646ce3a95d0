mock_provider "google" {
  override_during = plan

  mock_resource "google_logging_organization_sink" {
    defaults = { writer_identity = "serviceAccount:service-org-123@gcp-sa-logging.iam.gserviceaccount.com" }
  }
  mock_resource "google_logging_folder_sink" {
    defaults = { writer_identity = "serviceAccount:service-folder-456@gcp-sa-logging.iam.gserviceaccount.com" }
  }
}

variables {
  parent       = "organizations/123"
  audit_bucket = "airpay-archive-audit-logs"
  raw_bucket   = "airpay-archive-raw-logs"
}

run "logs_who_read_and_who_wrote_for_every_service" {
  command = plan

  assert {
    condition     = google_organization_iam_audit_config.this[0].service == "allServices" && toset([for config in google_organization_iam_audit_config.this[0].audit_log_config : config.log_type]) == toset(["ADMIN_READ", "DATA_READ", "DATA_WRITE"])
    error_message = "All three types, for all services."
  }

  assert {
    condition     = alltrue([for config in google_organization_iam_audit_config.this[0].audit_log_config : length(coalesce(config.exempted_members, [])) == 0])
    error_message = "Nobody is exempt."
  }
}

run "sinks_take_every_project_below" {
  command = plan

  assert {
    condition     = alltrue([for sink in google_logging_organization_sink.this : sink.include_children && sink.org_id == "123"])
    error_message = "Projects made tomorrow are logged too."
  }

  assert {
    condition     = google_logging_organization_sink.this["audit"].destination == "storage.googleapis.com/airpay-archive-audit-logs" && google_logging_organization_sink.this["raw"].destination == "storage.googleapis.com/airpay-archive-raw-logs"
    error_message = "Each sink has its bucket."
  }

  assert {
    condition     = google_logging_organization_sink.this["raw"].filter == "logName:\"cloudaudit.googleapis.com\" OR (resource.type=\"k8s_container\" AND resource.labels.namespace_name=\"payments\")"
    error_message = "Raw logs are the audit logs and what the payment services write."
  }
}

run "the_writer_of_a_sink_may_add_and_nothing_else" {
  command = plan

  assert {
    condition = alltrue([for kind, bucket in { audit = "airpay-archive-audit-logs", raw = "airpay-archive-raw-logs" } :
      google_storage_bucket_iam_member.writer[kind].bucket == bucket &&
      google_storage_bucket_iam_member.writer[kind].role == "roles/storage.objectCreator" &&
      google_storage_bucket_iam_member.writer[kind].member == "serviceAccount:service-org-123@gcp-sa-logging.iam.gserviceaccount.com"
    ])
    error_message = "The account of the sink creates objects in the bucket of the sink."
  }
}

run "a_folder_has_its_own_sinks" {
  command = plan

  variables { parent = "folders/456" }

  assert {
    condition     = length(google_logging_organization_sink.this) == 0 && length(google_organization_iam_audit_config.this) == 0 && google_folder_iam_audit_config.this[0].folder == "folders/456"
    error_message = "Set on the folder alone."
  }

  assert {
    condition     = google_storage_bucket_iam_member.writer["raw"].member == "serviceAccount:service-folder-456@gcp-sa-logging.iam.gserviceaccount.com"
    error_message = "The writer is the folder's."
  }
}

run "refuses_one_projects_logs" {
  command = plan
  variables { parent = "projects/airpay-payments-prod" }
  expect_failures = [var.parent]
}

run "refuses_a_filter_that_takes_everything" {
  command = plan
  variables { raw_filter = "" }
  expect_failures = [var.raw_filter]
}
