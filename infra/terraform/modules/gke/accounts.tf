locals {
  # What a scope allows is what the account's roles allow.
  node_scopes = ["https://www.googleapis.com/auth/cloud-platform"]

  pools = setunion(["system", "application", "auto"], var.batch_pool == null ? [] : ["batch"])
}

# Each pool has an account of its own, and none has more than a node needs to write logs and metrics. What workloads may do is theirs, by
# Workload Identity. Reading the registry is granted at the registry.
resource "google_service_account" "node" {
  for_each = local.pools

  project      = var.project
  account_id   = "gke-${each.key}-${var.region}"
  display_name = "Nodes of pool ${each.key} of ${var.name}"
}

resource "google_project_iam_member" "node" {
  for_each = local.pools

  project = var.project
  role    = "roles/container.defaultNodeServiceAccount"
  member  = google_service_account.node[each.key].member
}
