# What the portal may do here, permission by permission: read clusters and resize their pools, reach their API servers (where Kubernetes'
# own roles decide), and replace the record that payers use. GKE has no smaller permission for a resize than clusters.update.
resource "google_project_iam_custom_role" "resize" {
  project     = var.project.id
  role_id     = "recoveryResizeNodePools"
  title       = "Recovery: resize node pools"
  description = "Reads clusters, resizes their pools, waits for the operation"
  stage       = "GA"
  permissions = [
    "container.clusters.connect",
    "container.clusters.get",
    "container.clusters.list",
    "container.clusters.update",
    "container.operations.get",
    "container.operations.list",
  ]
}

resource "google_project_iam_member" "resize" {
  project = var.project.id
  role    = google_project_iam_custom_role.resize.name
  member  = var.portal
}

resource "google_project_iam_custom_role" "traffic" {
  project     = var.project.id
  role_id     = "recoverySwitchTraffic"
  title       = "Recovery: switch traffic"
  description = "Reads records of a zone and replaces them by changes"
  stage       = "GA"
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

# In the one zone that has the record, not in the project: private zones have names of databases.
resource "google_dns_managed_zone_iam_member" "traffic" {
  project      = var.project.id
  managed_zone = var.gateway.public_zone
  role         = google_project_iam_custom_role.traffic.name
  member       = var.portal
}
