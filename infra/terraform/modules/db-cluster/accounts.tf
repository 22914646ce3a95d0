# What the machines are. Who may connect to whom is decided by this account too (firewall.tf), so nothing else may run as it. It reads
# no secret: passwords are brought by Ansible, run by people of the group `database`.
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
