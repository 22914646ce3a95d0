# kube-system, Argo CD's agents, the mesh, the collectors: everything that must also run in a standby region whose pool `application` is
# empty. Therefore no taint.
resource "google_container_node_pool" "system" {
  project            = var.project
  name               = "system"
  cluster            = google_container_cluster.this.id
  location           = var.location
  node_locations     = var.zones
  initial_node_count = var.system_pool.min_nodes_per_zone

  autoscaling {
    min_node_count  = var.system_pool.min_nodes_per_zone
    max_node_count  = var.system_pool.max_nodes_per_zone
    location_policy = "BALANCED"
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  upgrade_settings {
    strategy        = "SURGE"
    max_surge       = 1
    max_unavailable = 0
  }

  network_config {
    enable_private_nodes = true
  }

  node_config {
    machine_type      = var.system_pool.machine_type
    image_type        = "COS_CONTAINERD"
    disk_type         = "pd-balanced"
    disk_size_gb      = 100
    boot_disk_kms_key = var.kms_keys.disks
    service_account   = google_service_account.node["system"].email
    oauth_scopes      = local.node_scopes
    tags              = var.network.node_tags
    labels            = { "airpay.com/pool" = "system" }
    resource_labels   = var.labels
    metadata          = { "disable-legacy-endpoints" = "true" }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }

  lifecycle {
    ignore_changes = [initial_node_count, node_count]
  }

  depends_on = [google_project_iam_member.node]
}

# The payments workloads select this pool by its name (cloud.google.com/gke-nodepool: application) and tolerate its taint.
#
# Its size belongs to whoever runs a recovery: the portal and `gcloud container clusters resize` call setNodePoolSize, and nothing here may
# take that back. So Terraform says a number once, when the pool is made, and is never the way to scale up. initial_node_count is ignored
# as well, not only node_count: GKE keeps it in step with every resize, and to the provider a changed one means a new pool, which in the
# middle of a recovery would be made with the standby's 0 nodes. For the same reason the pool cannot be destroyed by an apply.
resource "google_container_node_pool" "application" {
  project            = var.project
  name               = "application"
  cluster            = google_container_cluster.this.id
  location           = var.location
  node_locations     = var.zones
  initial_node_count = var.application_pool.nodes_per_zone

  dynamic "autoscaling" {
    for_each = var.application_pool.autoscaling == null ? [] : [var.application_pool.autoscaling]

    content {
      min_node_count  = autoscaling.value.min_nodes_per_zone
      max_node_count  = autoscaling.value.max_nodes_per_zone
      location_policy = "BALANCED"
    }
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  upgrade_settings {
    strategy        = "SURGE"
    max_surge       = 1
    max_unavailable = 0
  }

  network_config {
    enable_private_nodes = true
  }

  node_config {
    machine_type      = var.application_pool.machine_type
    image_type        = "COS_CONTAINERD"
    disk_type         = "pd-balanced"
    disk_size_gb      = 100
    boot_disk_kms_key = var.kms_keys.disks
    service_account   = google_service_account.node["application"].email
    oauth_scopes      = local.node_scopes
    tags              = var.network.node_tags
    labels            = { "airpay.com/pool" = "application" }
    resource_labels   = var.labels
    metadata          = { "disable-legacy-endpoints" = "true" }

    taint {
      key    = "airpay.com/pool"
      value  = "application"
      effect = "NO_SCHEDULE"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }

  lifecycle {
    ignore_changes  = [initial_node_count, node_count]
    prevent_destroy = true
  }

  depends_on = [google_project_iam_member.node]
}

# Work that may be interrupted at 30 seconds' notice. Empty while there is none.
resource "google_container_node_pool" "batch" {
  count = var.batch_pool == null ? 0 : 1

  project            = var.project
  name               = "batch"
  cluster            = google_container_cluster.this.id
  location           = var.location
  node_locations     = var.zones
  initial_node_count = 0

  autoscaling {
    min_node_count = 0
    max_node_count = var.batch_pool.max_nodes_per_zone
    # Takes the zone where spot capacity is least likely to be called back.
    location_policy = "ANY"
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  upgrade_settings {
    strategy        = "SURGE"
    max_surge       = 0
    max_unavailable = 1
  }

  network_config {
    enable_private_nodes = true
  }

  node_config {
    machine_type      = var.batch_pool.machine_type
    spot              = true
    image_type        = "COS_CONTAINERD"
    disk_type         = "pd-balanced"
    disk_size_gb      = 100
    boot_disk_kms_key = var.kms_keys.disks
    service_account   = google_service_account.node["batch"].email
    oauth_scopes      = local.node_scopes
    tags              = var.network.node_tags
    labels            = { "airpay.com/pool" = "batch" }
    resource_labels   = var.labels
    metadata          = { "disable-legacy-endpoints" = "true" }

    taint {
      key    = "airpay.com/pool"
      value  = "batch"
      effect = "NO_SCHEDULE"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }

  lifecycle {
    ignore_changes = [initial_node_count, node_count]
  }

  depends_on = [google_project_iam_member.node]
}
