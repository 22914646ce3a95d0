# What the portal does in a payments project, and no more: look at clusters and reach their control planes, change how many nodes the pool
# of the services has, move the one record. What it may read inside a cluster is said there (infra/gitops, component portal-reader).
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

resource "google_project_iam_custom_role" "traffic" {
  count = var.zone == null ? 0 : 1

  project     = var.project
  role_id     = "portalTraffic"
  title       = "Portal: traffic record"
  description = "Reads and changes records of a zone."
  permissions = [
    "dns.changes.create",
    "dns.changes.get",
    "dns.changes.list",
    "dns.managedZones.get",
    "dns.resourceRecordSets.create",
    "dns.resourceRecordSets.delete",
    "dns.resourceRecordSets.get",
    "dns.resourceRecordSets.list",
    "dns.resourceRecordSets.update",
  ]
}

# In this zone, not in the project: the zones of the databases are not the portal's.
resource "google_dns_managed_zone_iam_member" "traffic" {
  count = var.zone == null ? 0 : 1

  project      = var.project
  managed_zone = var.zone
  role         = google_project_iam_custom_role.traffic[0].id
  member       = var.portal
}
