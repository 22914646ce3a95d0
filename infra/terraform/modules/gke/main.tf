# A regional cluster without any address on the internet: nodes are private, and the control plane answers only at its DNS endpoint, where
# Google asks IAM before Kubernetes sees a byte. There is no IP endpoint to leave open.
resource "google_container_cluster" "this" {
  project             = var.project
  name                = var.name
  location            = var.location
  node_locations      = var.zones
  resource_labels     = var.labels
  deletion_protection = var.deletion_protection

  network         = var.network.network
  subnetwork      = var.network.subnetwork
  networking_mode = "VPC_NATIVE"
  # Dataplane V2: network policies are enforced without an add-on, and denied connections can be logged.
  datapath_provider = "ADVANCED_DATAPATH"
  # Who may be called by name: FQDNNetworkPolicy of the portal and the synthetic payer. Without it the kind is unknown.
  enable_fqdn_network_policy  = true
  enable_intranode_visibility = true
  enable_l4_ilb_subsetting    = true
  enable_shielded_nodes       = true

  # GKE cannot make a cluster without a pool. This one is gone before anything runs on it, but it too must satisfy the policies that
  # ask for encrypted disks and forbid the default account.
  remove_default_node_pool = true
  initial_node_count       = 1

  node_config {
    service_account   = google_service_account.node["system"].email
    oauth_scopes      = local.node_scopes
    boot_disk_kms_key = var.kms_keys.disks
    tags              = var.network.node_tags

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }

  ip_allocation_policy {
    cluster_secondary_range_name  = var.network.pods_range
    services_secondary_range_name = var.network.services_range
  }

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = true
    master_ipv4_cidr_block  = var.network.control_plane_cidr
  }

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }

    ip_endpoints_config {
      enabled = false
    }
  }

  release_channel {
    channel = var.release_channel
  }

  maintenance_policy {
    recurring_window {
      start_time = var.maintenance_window.start
      end_time   = var.maintenance_window.end
      recurrence = var.maintenance_window.recurrence
    }

    dynamic "maintenance_exclusion" {
      for_each = { for one in var.maintenance_exclusions : one.name => one }

      content {
        exclusion_name = maintenance_exclusion.key
        start_time     = maintenance_exclusion.value.start
        end_time       = maintenance_exclusion.value.end

        exclusion_options {
          scope = maintenance_exclusion.value.scope
        }
      }
    }
  }

  notification_config {
    pubsub {
      enabled = true
      topic   = google_pubsub_topic.notifications.id

      filter {
        event_type = ["UPGRADE_AVAILABLE_EVENT", "UPGRADE_EVENT", "SECURITY_BULLETIN_EVENT"]
      }
    }
  }

  gateway_api_config {
    channel = "CHANNEL_STANDARD"
  }

  cost_management_config {
    enabled = true
  }

  vertical_pod_autoscaling {
    enabled = true
  }

  # Pods that fit on no pool, and those that ask for a ComputeClass, get a pool of their own within these bounds.
  cluster_autoscaling {
    enabled                     = true
    autoscaling_profile         = "BALANCED"
    auto_provisioning_locations = var.zones

    resource_limits {
      resource_type = "cpu"
      minimum       = 0
      maximum       = var.auto_provisioning_limits.cpu
    }

    resource_limits {
      resource_type = "memory"
      minimum       = 0
      maximum       = var.auto_provisioning_limits.memory_gib
    }

    auto_provisioning_defaults {
      service_account   = google_service_account.node["auto"].email
      oauth_scopes      = local.node_scopes
      boot_disk_kms_key = var.kms_keys.disks
      image_type        = "COS_CONTAINERD"
      disk_type         = "pd-balanced"
      disk_size         = 100

      management {
        auto_repair  = true
        auto_upgrade = true
      }

      shielded_instance_config {
        enable_secure_boot          = true
        enable_integrity_monitoring = true
      }

      upgrade_settings {
        strategy        = "SURGE"
        max_surge       = 1
        max_unavailable = 0
      }
    }
  }

  node_pool_auto_config {
    node_kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }

    network_tags {
      tags = var.network.node_tags
    }
  }

  node_pool_defaults {
    node_config_defaults {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }

  addons_config {
    dns_cache_config {
      enabled = true
    }

    http_load_balancing {
      disabled = false
    }

    horizontal_pod_autoscaling {
      disabled = false
    }

    gce_persistent_disk_csi_driver_config {
      enabled = true
    }

    # Buckets are not file systems; nothing of ours mounts one.
    gcs_fuse_csi_driver_config {
      enabled = false
    }

    gcp_filestore_csi_driver_config {
      enabled = false
    }
  }

  logging_config {
    enable_components = ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER"]
  }

  monitoring_config {
    enable_components = [
      "SYSTEM_COMPONENTS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER", "STORAGE", "POD", "DEPLOYMENT", "STATEFULSET", "DAEMONSET", "HPA",
      "CADVISOR", "KUBELET",
    ]

    # The workloads' PodMonitoring objects are read by it.
    managed_prometheus {
      enabled = true
    }

    advanced_datapath_observability_config {
      enable_metrics = true
      enable_relay   = false
    }
  }

  # The first nodes must be able to report in, or the cluster is never called healthy.
  depends_on = [google_project_iam_member.node]

  lifecycle {
    # Of the pool that is removed at once; a change here would make the cluster anew.
    ignore_changes = [node_config, initial_node_count]
  }

  timeouts {
    create = "60m"
    update = "60m"
    delete = "60m"
  }

  # Who is who, and what may be admitted.
  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  authenticator_groups_config {
    security_group = var.security_group
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  anonymous_authentication_config {
    mode = "LIMITED"
  }

  rbac_binding_config {
    enable_insecure_binding_system_authenticated   = false
    enable_insecure_binding_system_unauthenticated = false
  }

  # The policy itself is one per project: module binary-authorization.
  binary_authorization {
    evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
  }

  # Application-layer encryption of Secrets, beneath the disks' own.
  database_encryption {
    state    = "ENCRYPTED"
    key_name = var.kms_keys.cluster
  }

  security_posture_config {
    mode = "BASIC"
    # Images are scanned in Artifact Registry; GKE's own scanner has been withdrawn.
    vulnerability_mode = "VULNERABILITY_DISABLED"
  }
}

# GKE lets its control plane reach nodes at 443 and 10250. Webhooks and metrics of the platform's components listen elsewhere, and without this
# every admission waits for its timeout. Nodes are told by their accounts.
resource "google_compute_firewall" "webhooks" {
  project                 = var.project
  name                    = "${var.name}-webhooks"
  network                 = var.network.network
  description             = "Control plane to webhooks and metrics APIs in pods"
  direction               = "INGRESS"
  source_ranges           = [var.network.control_plane_cidr]
  target_service_accounts = [for account in google_service_account.node : account.email]

  allow {
    protocol = "tcp"
    ports    = [for port in var.webhook_ports : tostring(port)]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# Upgrades and security bulletins, for whoever is on duty.
resource "google_pubsub_topic" "notifications" {
  project                    = var.project
  name                       = "${var.name}-notifications"
  labels                     = var.labels
  kms_key_name               = var.kms_keys.secrets
  message_retention_duration = "604800s"

  message_storage_policy {
    allowed_persistence_regions = [var.location]
  }
}
