# Who gets as far as the sign-in page. What they may do there is said by the portal's own table of rights.
resource "google_iap_web_iam_member" "people" {
  for_each = var.groups

  project = var.project
  role    = "roles/iap.httpsResourceAccessor"
  member  = "group:${each.value}"
}
