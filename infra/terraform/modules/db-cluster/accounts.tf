# What the machines are. Who may connect to whom is decided by this account too (firewall.tf), so nothing else may run as it.
resource "google_service_account" "database" {
  project      = var.project
  account_id   = "patroni-${var.region}"
  display_name = "Database machines of ${var.region}"
}

resource "google_project_iam_member" "database" {
  for_each = toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"])

  project = var.project
  role    = each.key
  member  = google_service_account.database.member
}

# Its own secrets and no others.
resource "google_secret_manager_secret_iam_member" "database" {
  for_each = var.secrets

  project   = var.project
  secret_id = each.key
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.database.member
}
