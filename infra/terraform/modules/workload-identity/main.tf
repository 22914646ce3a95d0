# No key is ever made for this account: pods get short-lived tokens from the metadata server, and org-policies forbids keys.
resource "google_service_account" "this" {
  project      = var.project
  account_id   = var.account_id
  display_name = var.account_id
  description  = var.description

  lifecycle {
    prevent_destroy = true
  }
}

# Authoritative for this one role: a second Kubernetes account that somebody added by hand goes at the next apply.
resource "google_service_account_iam_binding" "workload" {
  service_account_id = google_service_account.this.name
  role               = "roles/iam.workloadIdentityUser"
  members            = ["serviceAccount:${var.workload_pool}[${var.namespace}/${var.service_account}]"]
}

resource "google_project_iam_member" "this" {
  for_each = var.roles

  project = var.project
  role    = each.value
  member  = google_service_account.this.member
}
