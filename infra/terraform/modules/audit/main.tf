locals {
  is_organization = startswith(var.parent, "organizations/")
  parent_number   = split("/", var.parent)[1]
  log_types       = ["ADMIN_READ", "DATA_READ", "DATA_WRITE"]
  audit_filter    = "logName:\"cloudaudit.googleapis.com\""

  wanted = {
    audit = { bucket = var.audit_bucket, filter = local.audit_filter }
    raw   = { bucket = var.raw_bucket, filter = "${local.audit_filter} OR (${var.raw_filter})" }
  }
  sinks = local.is_organization ? google_logging_organization_sink.this : google_logging_folder_sink.this
}

# Who changed what is always logged. This adds who read what, for every service: without it, a secret that was read leaves no trace.
resource "google_organization_iam_audit_config" "this" {
  count = local.is_organization ? 1 : 0

  org_id  = local.parent_number
  service = "allServices"

  dynamic "audit_log_config" {
    for_each = local.log_types

    content {
      log_type = audit_log_config.value
    }
  }
}

resource "google_folder_iam_audit_config" "this" {
  count = local.is_organization ? 0 : 1

  folder  = var.parent
  service = "allServices"

  dynamic "audit_log_config" {
    for_each = local.log_types

    content {
      log_type = audit_log_config.value
    }
  }
}

# An aggregated sink takes the logs of every project below, also of those that are made tomorrow, and each sink writes as an account of its own.
resource "google_logging_organization_sink" "this" {
  for_each = local.is_organization ? local.wanted : {}

  name             = "${var.name}-${each.key}"
  org_id           = local.parent_number
  destination      = "storage.googleapis.com/${each.value.bucket}"
  filter           = each.value.filter
  include_children = true
  description      = "To the locked bucket of the archive project."
}

resource "google_logging_folder_sink" "this" {
  for_each = local.is_organization ? {} : local.wanted

  name             = "${var.name}-${each.key}"
  folder           = var.parent
  destination      = "storage.googleapis.com/${each.value.bucket}"
  filter           = each.value.filter
  include_children = true
  description      = "To the locked bucket of the archive project."
}

# The writer adds and cannot read, change or delete.
resource "google_storage_bucket_iam_member" "writer" {
  for_each = local.wanted

  bucket = each.value.bucket
  role   = "roles/storage.objectCreator"
  member = local.sinks[each.key].writer_identity
}
