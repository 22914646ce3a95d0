locals {
  # What every project of ours needs before anything else works in it.
  base_apis = [
    "cloudkms.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "orgpolicy.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
  ]
  apis = setunion(local.base_apis, var.apis)

  # Services whose own account exists only once somebody asks for it. A grant to an account that does not exist yet fails, and with it
  # the first apply of whatever is encrypted with a key of ours. (Those of compute and container come with their API.)
  asked_for = [
    "artifactregistry.googleapis.com",
    "iap.googleapis.com",
    "pubsub.googleapis.com",
    "secretmanager.googleapis.com",
    "sqladmin.googleapis.com",
  ]
}

resource "google_project" "this" {
  name                = var.project_id
  project_id          = var.project_id
  folder_id           = trimprefix(var.folder, "folders/")
  billing_account     = var.billing_account
  auto_create_network = false
  deletion_policy     = "PREVENT"
  labels              = var.labels

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_project_service" "this" {
  for_each = local.apis

  project = google_project.this.project_id
  service = each.value

  # An API taken off the list stays on until a person switches it off: switching off compute deletes what it holds.
  disable_on_destroy         = false
  disable_dependent_services = false
}

resource "google_project_service_identity" "this" {
  for_each = setintersection(local.asked_for, local.apis)
  provider = google-beta

  project = google_project.this.project_id
  service = google_project_service.this[each.value].service
}

# Reading it makes the account of Cloud Storage, for the same reason.
data "google_storage_project_service_account" "this" {
  project    = google_project.this.project_id
  depends_on = [google_project_service.this]
}

data "google_bigquery_default_service_account" "this" {
  count = contains(local.apis, "bigquery.googleapis.com") ? 1 : 0

  project    = google_project.this.project_id
  depends_on = [google_project_service.this]
}

# OS Login for every machine: keys in metadata are nobody's in particular and outlive whoever put them there.
resource "google_compute_project_metadata" "this" {
  project = google_project.this.project_id

  metadata = {
    enable-oslogin         = "TRUE"
    enable-oslogin-2fa     = "TRUE"
    block-project-ssh-keys = "TRUE"
    serial-port-enable     = "FALSE"
  }

  depends_on = [google_project_service.this]
}
