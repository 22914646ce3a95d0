# The log buckets that every new project gets are made in "global" unless this says otherwise, and cannot be moved later.
resource "google_logging_folder_settings" "this" {
  count = var.log_location != null && startswith(var.parent, "folders/") ? 1 : 0

  folder           = trimprefix(var.parent, "folders/")
  storage_location = var.log_location
}

resource "google_logging_organization_settings" "this" {
  count = var.log_location != null && startswith(var.parent, "organizations/") ? 1 : 0

  organization     = trimprefix(var.parent, "organizations/")
  storage_location = var.log_location
}
