mock_provider "google" {}

variables {
  project  = "airpay-payments-prod"
  name     = "gke-payments-region-a"
  region   = "region-a"
  location = "europe-west1"
  zones    = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
  network = {
    network            = "projects/airpay-payments-prod/global/networks/payments-prod"
    subnetwork         = "projects/airpay-payments-prod/regions/europe-west1/subnetworks/payments-prod-region-a-application"
    pods_range         = "pods"
    services_range     = "services"
    control_plane_cidr = "172.16.0.16/28"
  }
  kms_keys = {
    disks   = "projects/airpay-payments-prod/locations/europe-west1/keyRings/payments-prod-region-a/cryptoKeys/disks"
    cluster = "projects/airpay-payments-prod/locations/europe-west1/keyRings/payments-prod-region-a/cryptoKeys/cluster"
    secrets = "projects/airpay-payments-prod/locations/europe-west1/keyRings/payments-prod-region-a/cryptoKeys/secrets"
  }
  application_pool = { nodes_per_zone = 1, autoscaling = { min_nodes_per_zone = 1, max_nodes_per_zone = 4 } }
  security_group   = "gke-security-groups@airpay.example"
  labels = {
    team        = "platform", product = "payments", system = "payments", component = "cluster", environment = "production", region = "region-a",
    cost-center = "cc-4100", data-class = "confidential", residency = "eu", tier = "0"
  }
}

run "nothing_of_the_cluster_is_on_the_internet" {
  command = plan

  assert {
    condition     = google_container_cluster.this.private_cluster_config[0].enable_private_nodes && google_container_cluster.this.private_cluster_config[0].enable_private_endpoint
    error_message = "Nodes and control plane must be private."
  }

  assert {
    condition     = !google_container_cluster.this.control_plane_endpoints_config[0].ip_endpoints_config[0].enabled && google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].allow_external_traffic
    error_message = "The control plane answers at its DNS endpoint, behind IAM, and at no IP address."
  }

  assert {
    condition     = google_container_node_pool.system.network_config[0].enable_private_nodes && google_container_node_pool.application.network_config[0].enable_private_nodes && google_container_node_pool.batch[0].network_config[0].enable_private_nodes
    error_message = "No node may have a public address."
  }
}

run "a_zone_may_be_lost" {
  command = plan

  assert {
    condition     = google_container_cluster.this.location == "europe-west1" && length(google_container_cluster.this.node_locations) == 3
    error_message = "The cluster must be regional, with nodes in three zones."
  }

  assert {
    condition     = length(google_container_node_pool.application.node_locations) == 3 && length(google_container_node_pool.system.node_locations) == 3
    error_message = "Both pools must be in three zones."
  }
}

run "secrets_and_disks_are_encrypted_with_our_keys" {
  command = plan

  assert {
    condition     = google_container_cluster.this.database_encryption[0].state == "ENCRYPTED" && google_container_cluster.this.database_encryption[0].key_name == var.kms_keys.cluster
    error_message = "Secrets in etcd must be encrypted with the cluster's key."
  }

  assert {
    condition = alltrue([for key in [
      google_container_cluster.this.node_config[0].boot_disk_kms_key,
      google_container_cluster.this.cluster_autoscaling[0].auto_provisioning_defaults[0].boot_disk_kms_key,
      google_container_node_pool.system.node_config[0].boot_disk_kms_key,
      google_container_node_pool.application.node_config[0].boot_disk_kms_key,
      google_container_node_pool.batch[0].node_config[0].boot_disk_kms_key,
    ] : key == var.kms_keys.disks])
    error_message = "Every boot disk must be encrypted with our key, those of auto-provisioned nodes and of the first pool too."
  }
}

run "only_admitted_images_and_known_people" {
  command = plan

  assert {
    condition     = google_container_cluster.this.binary_authorization[0].evaluation_mode == "PROJECT_SINGLETON_POLICY_ENFORCE"
    error_message = "Binary Authorization must enforce, not only report."
  }

  assert {
    condition     = google_container_cluster.this.workload_identity_config[0].workload_pool == "airpay-payments-prod.svc.id.goog"
    error_message = "Pods have identities of the project's pool."
  }

  assert {
    condition     = !google_container_cluster.this.master_auth[0].client_certificate_config[0].issue_client_certificate && google_container_cluster.this.anonymous_authentication_config[0].mode == "LIMITED"
    error_message = "No client certificates, and nothing but health for the anonymous."
  }
}

run "what_the_workloads_count_on_is_on" {
  command = plan

  assert {
    condition     = google_container_cluster.this.datapath_provider == "ADVANCED_DATAPATH" && google_container_cluster.this.enable_fqdn_network_policy && google_container_cluster.this.gateway_api_config[0].channel == "CHANNEL_STANDARD"
    error_message = "Network policies and the Gateway API must work."
  }

  assert {
    condition     = google_container_cluster.this.monitoring_config[0].managed_prometheus[0].enabled && google_container_cluster.this.cost_management_config[0].enabled
    error_message = "PodMonitoring and the cost of namespaces must work."
  }

  assert {
    condition     = google_container_cluster.this.addons_config[0].dns_cache_config[0].enabled && !google_container_cluster.this.addons_config[0].gcs_fuse_csi_driver_config[0].enabled
    error_message = "NodeLocal DNSCache on, GCS fuse off."
  }
}

run "nodes_grow_within_bounds" {
  command = plan

  assert {
    condition     = google_container_cluster.this.cluster_autoscaling[0].enabled && { for limit in google_container_cluster.this.cluster_autoscaling[0].resource_limits : limit.resource_type => limit.maximum } == { cpu = 200, memory = 800 }
    error_message = "Auto-provisioning must be on and bounded."
  }

  assert {
    condition     = google_container_node_pool.application.autoscaling[0].min_node_count == 1 && google_container_node_pool.application.autoscaling[0].max_node_count == 4
    error_message = "Where the traffic is, the pool grows and shrinks by itself."
  }

  assert {
    condition     = google_container_node_pool.batch[0].node_config[0].spot && google_container_node_pool.batch[0].autoscaling[0].min_node_count == 0
    error_message = "The batch pool is of spot machines and costs nothing while it is idle."
  }
}

run "pools_have_the_labels_and_taints_that_workloads_name" {
  command = plan

  assert {
    condition     = [google_container_node_pool.system.name, google_container_node_pool.application.name, google_container_node_pool.batch[0].name] == ["system", "application", "batch"]
    error_message = "Workloads select pools by these names (cloud.google.com/gke-nodepool)."
  }

  assert {
    condition     = length(google_container_node_pool.system.node_config[0].taint) == 0
    error_message = "A standby region has no other nodes for kube-system and the platform: the system pool has no taint."
  }

  assert {
    condition     = [for taint in concat(google_container_node_pool.application.node_config[0].taint, google_container_node_pool.batch[0].node_config[0].taint) : "${taint.key}=${taint.value}:${taint.effect}"] == ["airpay.com/pool=application:NO_SCHEDULE", "airpay.com/pool=batch:NO_SCHEDULE"]
    error_message = "These are the taints that workloads tolerate."
  }
}

# A pool that nobody tolerates costs money and runs nothing.
run "the_ledger_tolerates_the_taint_of_the_pool_it_selects" {
  command = plan

  assert {
    condition = anytrue([
      for toleration in try(yamldecode(file("../../../gitops/apps/ledger/base/deployment.yaml")).spec.template.spec.tolerations, []) :
      toleration.key == google_container_node_pool.application.node_config[0].taint[0].key && try(toleration.value, "") == google_container_node_pool.application.node_config[0].taint[0].value
    ])
    error_message = "The ledger selects pool application and must tolerate its taint."
  }
}

run "a_pilot_light_has_no_nodes_and_nothing_that_lights_it_but_a_recovery_run" {
  command = plan

  variables {
    application_pool = { nodes_per_zone = 0 }
  }

  assert {
    condition     = google_container_node_pool.application.initial_node_count == 0
    error_message = "The pool starts empty."
  }

  assert {
    condition     = length(google_container_node_pool.application.autoscaling) == 0
    error_message = "Pending pods of the standby region must not scale it up."
  }

  assert {
    condition     = google_container_node_pool.system.autoscaling[0].min_node_count == 1
    error_message = "The platform runs in the standby region too."
  }
}

# GKE changes initial_node_count with every resize, and the provider answers a changed one with a new pool. A mocked plan cannot show that.
run "a_resize_by_others_never_makes_a_pool_anew" {
  command = plan

  assert {
    condition     = google_container_node_pool.application.name == "application" && length(regexall("ignore_changes\\s+= \\[initial_node_count, node_count\\]", file("node-pools.tf"))) == 3
    error_message = "Every pool must ignore both counts."
  }

  assert {
    condition     = google_container_node_pool.application.name == "application" && length(regexall("\"google_container_node_pool\" \"application\" \\{(?s:[^#]*)prevent_destroy = true", file("node-pools.tf"))) == 1
    error_message = "No apply may destroy the pool that payments run on."
  }
}

run "a_pilot_light_with_an_autoscaler_is_refused" {
  command = plan

  variables {
    application_pool = { nodes_per_zone = 0, autoscaling = { min_nodes_per_zone = 1, max_nodes_per_zone = 4 } }
  }

  expect_failures = [var.application_pool]
}

run "an_autoscaler_that_may_go_to_zero_is_refused" {
  command = plan

  variables {
    application_pool = { nodes_per_zone = 1, autoscaling = { min_nodes_per_zone = 0, max_nodes_per_zone = 4 } }
  }

  expect_failures = [var.application_pool]
}

run "every_pool_has_an_account_of_its_own_with_one_small_role" {
  command = plan

  assert {
    condition     = toset([for account in google_service_account.node : account.account_id]) == toset(["gke-system-region-a", "gke-application-region-a", "gke-auto-region-a", "gke-batch-region-a"])
    error_message = "One account per pool, none of them the default one."
  }

  assert {
    condition     = toset([for grant in google_project_iam_member.node : grant.role]) == toset(["roles/container.defaultNodeServiceAccount"])
    error_message = "A node writes logs and metrics; it is no editor."
  }
}

run "a_hub_without_batch_has_no_batch_account" {
  command = plan

  variables {
    name       = "gke-devops"
    region     = "hub"
    batch_pool = null
  }

  assert {
    condition     = length(google_container_node_pool.batch) == 0 && !contains([for account in google_service_account.node : account.account_id], "gke-batch-hub")
    error_message = "No pool, no account."
  }
}

run "protected_from_deletion" {
  command = plan

  assert {
    condition     = google_container_cluster.this.deletion_protection
    error_message = "The cluster is protected unless somebody says otherwise."
  }
}

run "production_is_never_unprotected" {
  command = plan

  variables {
    deletion_protection = false
  }

  expect_failures = [var.deletion_protection]
}

run "unknown_channels_are_refused" {
  command = plan

  variables {
    release_channel = "REGULR"
  }

  expect_failures = [var.release_channel]
}

run "a_zonal_cluster_is_refused" {
  command = plan

  variables {
    location = "europe-west1-b"
    kms_keys = {
      disks   = "projects/p/locations/europe-west1-b/keyRings/k/cryptoKeys/disks"
      cluster = "projects/p/locations/europe-west1-b/keyRings/k/cryptoKeys/cluster"
      secrets = "projects/p/locations/europe-west1-b/keyRings/k/cryptoKeys/secrets"
    }
  }

  expect_failures = [var.location]
}

run "keys_of_another_region_are_refused" {
  command = plan

  variables {
    kms_keys = {
      disks   = "projects/p/locations/europe-west4/keyRings/k/cryptoKeys/disks"
      cluster = "projects/p/locations/europe-west1/keyRings/k/cryptoKeys/cluster"
      secrets = "projects/p/locations/europe-west1/keyRings/k/cryptoKeys/secrets"
    }
  }

  expect_failures = [var.kms_keys]
}

run "too_short_a_window_is_refused_before_the_api_does" {
  command = plan

  variables {
    maintenance_window = { start = "2026-01-06T01:00:00Z", end = "2026-01-06T05:00:00Z", recurrence = "FREQ=WEEKLY;BYDAY=TU" }
  }

  expect_failures = [var.maintenance_window]
}

run "no_upgrades_for_a_quarter_is_refused" {
  command = plan

  variables {
    maintenance_exclusions = [{ name = "quarter", start = "2026-10-01T00:00:00Z", end = "2026-12-31T00:00:00Z" }]
  }

  expect_failures = [var.maintenance_exclusions]
}

run "a_missing_label_is_refused" {
  command = plan

  variables {
    deletion_protection = true
    labels              = { team = "platform", environment = "production" }
  }

  expect_failures = [var.labels]
}

run "the_control_plane_reaches_webhooks_and_nobody_else_does" {
  command = plan

  assert {
    condition     = google_compute_firewall.webhooks.source_ranges == toset(["172.16.0.16/28"]) && sort(one(google_compute_firewall.webhooks.allow).ports) == tolist(["15017", "6443", "8443", "9443"])
    error_message = "From the control plane's range, at the ports of webhooks."
  }
}

run "webhooks_at_any_port_are_refused" {
  command = plan

  variables {
    webhook_ports = [22]
  }

  expect_failures = [var.webhook_ports]
}
