# What the portal does in a payments project where there is no other region to switch to, and no more: look at clusters, reach their control
# planes, change how many nodes a pool has. (Where there is one, module recovery gives this and the record.) What it may read inside a
# cluster is said there (infra/gitops, component portal-reader).
resource "google_project_iam_custom_role" "clusters" {
  project     = var.project
  role_id     = "portalClusters"
  title       = "Portal: clusters"
  description = "Finds clusters, reaches them by name and resizes their node pools."
  permissions = [
    "container.clusters.connect",
    "container.clusters.get",
    "container.clusters.list",
    "container.clusters.update",
    "container.operations.get",
    "container.operations.list",
  ]
}

resource "google_project_iam_member" "clusters" {
  project = var.project
  role    = google_project_iam_custom_role.clusters.id
  member  = var.portal
}
