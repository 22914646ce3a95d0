# Who runs the plays of infra/ansible on the database machines: a group, through Identity-Aware Proxy, on these machines and no others. There is no
# other way in (module db-cluster lets SSH in from the proxy only).
resource "google_project_iam_member" "inventory" {
  project = var.project
  role    = "roles/compute.viewer"
  member  = "group:${var.group}"
}

resource "google_iap_tunnel_instance_iam_member" "tunnel" {
  for_each = var.machines

  project  = var.project
  zone     = each.value
  instance = each.key
  role     = "roles/iap.tunnelResourceAccessor"
  member   = "group:${var.group}"
}

# As root: a play installs packages and writes the database's configuration.
resource "google_compute_instance_iam_member" "login" {
  for_each = var.machines

  project       = var.project
  zone          = each.value
  instance_name = each.key
  role          = "roles/compute.osAdminLogin"
  member        = "group:${var.group}"
}

# Google asks this of everybody who logs in on a machine that runs as an account.
resource "google_service_account_iam_member" "login" {
  for_each = var.accounts

  service_account_id = "projects/${var.project}/serviceAccounts/${each.value}"
  role               = "roles/iam.serviceAccountUser"
  member             = "group:${var.group}"
}
