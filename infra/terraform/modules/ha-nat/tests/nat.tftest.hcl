mock_provider "google" {
  override_during = plan

  mock_resource "google_compute_address" {
    defaults = { address = "203.0.113.7", self_link = "https://www.googleapis.com/compute/v1/projects/p/regions/europe-west1/addresses/a" }
  }
  mock_resource "google_service_account" {
    defaults = { email = "nat-0@airpay-payments-prod.iam.gserviceaccount.com", member = "serviceAccount:nat-0@airpay-payments-prod.iam.gserviceaccount.com" }
  }
  mock_resource "google_compute_forwarding_rule" {
    defaults = { id = "projects/airpay-payments-prod/regions/europe-west1/forwardingRules/payments-prod-region-a-nat" }
  }
}

variables {
  project  = "airpay-payments-prod"
  location = "europe-west1"
  name     = "payments-prod-region-a"
  network  = "projects/airpay-payments-prod/global/networks/payments-prod"
  zones    = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
  subnet   = "projects/airpay-payments-prod/regions/europe-west1/subnetworks/payments-prod-region-a-application"
  labels = {
    team        = "platform", product = "portal", system = "platform", component = "nat", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "cloud_nat_sends_from_our_addresses_and_logs" {
  command = plan

  assert {
    condition     = google_compute_router_nat.this[0].nat_ip_allocate_option == "MANUAL_ONLY" && length(google_compute_router_nat.this[0].nat_ips) > 0
    error_message = "Partners know our addresses; Google must not pick others."
  }

  assert {
    condition     = google_compute_router_nat.this[0].log_config[0].enable && google_compute_router_nat.this[0].log_config[0].filter == "ALL"
    error_message = "What goes out is on record."
  }

  assert {
    condition     = google_compute_router_nat.this[0].source_subnetwork_ip_ranges_to_nat == "LIST_OF_SUBNETWORKS" && [for subnet in google_compute_router_nat.this[0].subnetwork : subnet.name] == [var.subnet]
    error_message = "The application tier alone goes out: not the database tier."
  }

  assert {
    condition     = length(google_compute_instance_template.nat) == 0 && length(output.instances) == 0
    error_message = "No machines in this mode, so nothing for the policy on external addresses to except."
  }
}

run "one_address_a_zone_for_partners" {
  command = plan

  assert {
    condition     = length(google_compute_address.egress) == 3 && length(output.ips) == 3
    error_message = "As many addresses as zones."
  }

  assert {
    condition     = alltrue([for address in google_compute_address.egress : address.address_type == "EXTERNAL" && address.network_tier == "PREMIUM"])
    error_message = "They are addresses of the internet, reserved."
  }
}

run "the_way_out_is_for_the_tag_only" {
  command = plan

  assert {
    condition     = google_compute_route.cloud_nat[0].tags == toset(["egress"]) && google_compute_route.cloud_nat[0].dest_range == "0.0.0.0/0"
    error_message = "A default route without a tag would be one for the databases too."
  }
}

run "nlb_has_a_machine_with_its_own_address_in_each_zone" {
  command = plan

  variables {
    mode = "nlb"
    machines = {
      edge_subnet   = "projects/airpay-payments-prod/regions/europe-west1/subnetworks/payments-prod-region-a-edge"
      client_ranges = ["10.10.0.0/20", "10.10.128.0/17"]
      image         = "projects/airpay-devops/global/images/nat-2026-11-01"
      kms_key_id    = "projects/airpay-payments-prod/locations/europe-west1/keyRings/payments-prod-region-a/cryptoKeys/disks"
    }
  }

  assert {
    condition     = keys(google_compute_instance_group_manager.nat) == ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
    error_message = "One group a zone."
  }

  assert {
    condition = alltrue([for zone, config in google_compute_per_instance_config.nat :
      tolist(config.preserved_state[0].external_ip)[0].auto_delete == "NEVER" && config.name == "payments-prod-region-a-nat-${trimprefix(zone, "europe-west1-")}"
    ])
    error_message = "A machine that is made anew keeps its name and its address."
  }

  assert {
    condition = output.instances == [
      "projects/airpay-payments-prod/zones/europe-west1-b/instances/payments-prod-region-a-nat-b",
      "projects/airpay-payments-prod/zones/europe-west1-c/instances/payments-prod-region-a-nat-c",
      "projects/airpay-payments-prod/zones/europe-west1-d/instances/payments-prod-region-a-nat-d",
    ]
    error_message = "The policy excepts machines by name."
  }

  assert {
    condition     = google_compute_route.nlb[0].next_hop_ilb == "projects/airpay-payments-prod/regions/europe-west1/forwardingRules/payments-prod-region-a-nat" && google_compute_route.nlb[0].tags == toset(["egress"])
    error_message = "The default route leads to the balancer, for the tag only."
  }

  assert {
    condition     = length(google_compute_router_nat.this) == 0 && length(google_compute_route.cloud_nat) == 0
    error_message = "One way out, not two."
  }

  assert {
    condition     = alltrue([for group in google_compute_instance_group_manager.nat : length(group.auto_healing_policies) == 1 && group.update_policy[0].max_surge_fixed == 0 && group.update_policy[0].replacement_method == "RECREATE"])
    error_message = "Healed, and never two machines for one address."
  }
}

run "nat_machines_take_nothing_from_outside" {
  command = plan

  variables {
    mode = "nlb"
    machines = {
      edge_subnet   = "projects/airpay-payments-prod/regions/europe-west1/subnetworks/payments-prod-region-a-edge"
      client_ranges = ["10.10.0.0/20", "10.10.128.0/17"]
      image         = "projects/airpay-devops/global/images/nat-2026-11-01"
      kms_key_id    = "projects/airpay-payments-prod/locations/europe-west1/keyRings/payments-prod-region-a/cryptoKeys/disks"
    }
  }

  assert {
    condition = (
      google_compute_firewall.clients[0].source_ranges == toset(["10.10.0.0/20", "10.10.128.0/17"]) &&
      google_compute_firewall.health[0].source_ranges == toset(["130.211.0.0/22", "35.191.0.0/16"])
    )
    error_message = "Our nodes and pods, and Google's health checks: nobody else."
  }

  assert {
    condition = (
      google_compute_instance_template.nat[0].shielded_instance_config[0].enable_secure_boot &&
      google_compute_instance_template.nat[0].disk[0].disk_encryption_key[0].kms_key_self_link == var.machines.kms_key_id &&
      google_compute_instance_template.nat[0].metadata["enable-oslogin"] == "TRUE"
    )
    error_message = "Shielded, encrypted with our key, people by OS Login."
  }

  assert {
    condition     = toset([for grant in google_project_iam_member.nat : grant.role]) == toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"])
    error_message = "The machines may write logs and metrics."
  }

  assert {
    condition     = strcontains(google_compute_instance_template.nat[0].metadata_startup_script, "ip saddr { 10.10.0.0/20, 10.10.128.0/17 } masquerade")
    error_message = "Only what comes from our ranges is sent out under our addresses."
  }
}

run "refuses_one_zone" {
  command = plan
  variables { zones = ["europe-west1-b"] }
  expect_failures = [var.zones]
}

run "refuses_a_zone_elsewhere" {
  command = plan
  variables { zones = ["europe-west1-b", "europe-west4-a"] }
  expect_failures = [var.zones]
}

run "refuses_an_unknown_mode" {
  command = plan
  variables { mode = "instance" }
  expect_failures = [var.mode]
}

run "refuses_nlb_without_machines" {
  command = plan
  variables { mode = "nlb" }
  expect_failures = [var.machines]
}

run "refuses_clients_from_everywhere" {
  command = plan
  variables {
    mode     = "nlb"
    machines = { edge_subnet = "e", client_ranges = ["0.0.0.0/0"], image = "projects/p/global/images/i", kms_key_id = "k" }
  }
  expect_failures = [var.machines]
}

run "refuses_an_image_that_changes_under_us" {
  command = plan
  variables {
    mode     = "nlb"
    machines = { edge_subnet = "e", client_ranges = ["10.0.0.0/16"], image = "debian-cloud/debian-12", kms_key_id = "k" }
  }
  expect_failures = [var.machines]
}

run "refuses_a_way_out_for_everybody" {
  command = plan
  variables { egress_tag = "" }
  expect_failures = [var.egress_tag]
}

run "refuses_a_missing_label" {
  command = plan
  variables {
    labels = {
      team = "platform", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}

run "refuses_an_unknown_label" {
  command = plan
  variables {
    labels = {
      team = "platform", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", costcentre = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}

run "refuses_a_label_value_google_would_refuse" {
  command = plan
  variables {
    labels = {
      team = "Platform Team", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}
