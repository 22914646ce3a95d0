mock_provider "google" {
  override_during = plan

  mock_resource "google_compute_network" {
    defaults = {
      id        = "projects/airpay-payments-prod/global/networks/payments-prod"
      self_link = "https://www.googleapis.com/compute/v1/projects/airpay-payments-prod/global/networks/payments-prod"
    }
  }
}

variables {
  project = "airpay-payments-prod"
  name    = "payments-prod"
  sites = {
    region-a = { location = "europe-west1", application = "10.10.0.0/20", database = "10.10.16.0/24", edge = "10.10.17.0/24", services = "10.10.64.0/20", pods = "10.10.128.0/17", control_plane = "172.16.0.16/28" }
    region-b = { location = "europe-west4", application = "10.20.0.0/20", database = "10.20.16.0/24", edge = "10.20.17.0/24", services = "10.20.64.0/20", pods = "10.20.128.0/17", control_plane = "172.16.0.32/28" }
  }
  peers = { devops = { network = "https://www.googleapis.com/compute/v1/projects/airpay-devops/global/networks/devops", ranges = ["10.0.0.0/16"] } }
  ingress = {
    argocd = { description = "Argo CD of the hub.", source_ranges = ["10.0.128.0/17"], target_tags = ["node"], ports = ["443"] }
    rw     = { description = "Pods to the database.", source_ranges = ["10.10.128.0/17"], target_accounts = ["patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com"], ports = ["5432"] }
  }
  labels = {
    team        = "platform", product = "portal", system = "platform", component = "network", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "three_tiers_a_site_and_no_default_network" {
  command = plan

  assert {
    condition     = !google_compute_network.this.auto_create_subnetworks && google_compute_network.this.delete_default_routes_on_create && google_compute_network.this.routing_mode == "GLOBAL"
    error_message = "Own subnets, no default route, one routing domain."
  }

  assert {
    condition = sort([for subnet in google_compute_subnetwork.this : subnet.name]) == tolist([
      "payments-prod-region-a-application", "payments-prod-region-a-database", "payments-prod-region-a-edge",
      "payments-prod-region-b-application", "payments-prod-region-b-database", "payments-prod-region-b-edge",
    ])
    error_message = "Edge, application and database at each site."
  }

  assert {
    condition = (
      [for range in google_compute_subnetwork.this["region-a/application"].secondary_ip_range : range.range_name] == ["pods", "services"] &&
      length(google_compute_subnetwork.this["region-a/database"].secondary_ip_range) == 0
    )
    error_message = "Pods and services have ranges in the application tier, and only there."
  }
}

run "every_subnet_logs_its_flows_and_reaches_googles_apis_privately" {
  command = plan

  assert {
    condition = alltrue([for subnet in google_compute_subnetwork.this :
      subnet.private_ip_google_access && subnet.log_config[0].flow_sampling == 0.5 && subnet.log_config[0].metadata == "INCLUDE_ALL_METADATA"
    ])
    error_message = "Flow logs with sampling, and private access, on every subnet."
  }

  assert {
    condition     = google_compute_route.google_apis.dest_range == "199.36.153.4/30"
    error_message = "The restricted addresses by default."
  }

  assert {
    condition = (
      google_dns_record_set.google_addresses["googleapis"].name == "restricted.googleapis.com." &&
      google_dns_record_set.google_addresses["googleapis"].rrdatas == tolist(["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"]) &&
      google_dns_record_set.google_names["googleapis"].rrdatas == tolist(["restricted.googleapis.com."]) &&
      google_dns_record_set.google_names["pkg-dev"].name == "*.pkg.dev."
    )
    error_message = "Names of APIs and registries lead to the addresses there is a route to."
  }

  assert {
    condition     = alltrue([for zone in google_dns_managed_zone.google : zone.visibility == "private"])
    error_message = "Those names are for this network alone."
  }
}

run "database_tier_has_no_route_to_the_internet" {
  command = plan

  # The one route of this module. The NAT's default route is for the tag egress (ha-nat), which database machines do not carry.
  assert {
    condition     = google_compute_route.google_apis.dest_range != "0.0.0.0/0" && output.egress_tag == "egress"
    error_message = "No route of this module leads to the internet."
  }

  assert {
    condition     = google_compute_firewall.egress_internet.target_tags == toset(["egress"])
    error_message = "The rule that lets out is for the tag, not for everybody."
  }
}

run "denies_what_is_not_named_and_says_so_in_the_log" {
  command = plan

  assert {
    condition = alltrue([for rule in [google_compute_firewall.deny_ingress, google_compute_firewall.deny_egress] :
      rule.priority == 65534 && length(rule.allow) == 0 && alltrue([for deny in rule.deny : deny.protocol == "all"]) && length(rule.log_config) == 1
    ])
    error_message = "Deny-all in both directions, last, with logging."
  }

  assert {
    condition = alltrue([for rule in google_compute_firewall.ingress :
      rule.priority < 65534 && !contains(coalesce(rule.source_ranges, []), "0.0.0.0/0") && length(coalesce(rule.target_tags, [])) + length(coalesce(rule.target_service_accounts, [])) > 0
    ])
    error_message = "Every rule names sources and targets."
  }
}

run "peering_carries_no_routes_but_those_of_subnets" {
  command = plan

  assert {
    condition     = google_compute_network_peering.this["devops"].name == "payments-prod-to-devops" && !google_compute_network_peering.this["devops"].export_custom_routes && !google_compute_network_peering.this["devops"].import_custom_routes
    error_message = "A default route must not cross."
  }

  assert {
    condition     = contains(google_compute_firewall.egress_inside.destination_ranges, "10.0.0.0/16") && contains(google_compute_firewall.egress_inside.destination_ranges, "172.16.0.32/28")
    error_message = "The hub and the control planes are inside."
  }
}

run "the_hub_may_reach_all_of_googles_apis" {
  command = plan

  variables { google_apis = "private" }

  assert {
    condition     = google_compute_route.google_apis.dest_range == "199.36.153.8/30" && google_dns_record_set.google_addresses["googleapis"].rrdatas[0] == "199.36.153.8"
    error_message = "private.googleapis.com has other addresses."
  }
}

run "refuses_ingress_from_everywhere" {
  command = plan
  variables { ingress = { open = { description = "SSH from anywhere.", source_ranges = ["0.0.0.0/0"], target_tags = ["node"], ports = ["22"] } } }
  expect_failures = [var.ingress]
}

run "refuses_half_of_everywhere" {
  command = plan
  variables { ingress = { open = { description = "SSH from half of anywhere.", source_ranges = ["128.0.0.0/1"], target_tags = ["node"], ports = ["22"] } } }
  expect_failures = [var.ingress]
}

run "refuses_a_rule_for_every_machine" {
  command = plan
  variables { ingress = { all = { description = "No target.", source_ranges = ["10.0.0.0/16"], ports = ["22"] } } }
  expect_failures = [var.ingress]
}

run "refuses_tags_mixed_with_accounts" {
  command = plan
  variables { ingress = { mix = { description = "Google refuses this.", source_tags = ["node"], target_accounts = ["a@b.iam.gserviceaccount.com"], ports = ["22"] } } }
  expect_failures = [var.ingress]
}

run "refuses_a_public_range" {
  command = plan
  variables {
    sites = { region-a = { location = "europe-west1", application = "8.8.0.0/20", database = "10.10.16.0/24", edge = "10.10.17.0/24", services = "10.10.64.0/20", pods = "10.10.128.0/17", control_plane = "172.16.0.16/28" } }
  }
  expect_failures = [var.sites]
}

run "refuses_a_range_twice" {
  command = plan
  variables {
    sites = { region-a = { location = "europe-west1", application = "10.10.0.0/20", database = "10.10.16.0/24", edge = "10.10.16.0/24", services = "10.10.64.0/20", pods = "10.10.128.0/17", control_plane = "172.16.0.16/28" } }
  }
  expect_failures = [var.sites]
}

run "refuses_flow_logs_that_are_off" {
  command = plan
  variables { flow_sampling = 0 }
  expect_failures = [var.flow_sampling]
}

run "refuses_a_peer_that_is_everywhere" {
  command = plan
  variables { peers = { other = { network = "projects/p/global/networks/n", ranges = ["0.0.0.0/0"] } } }
  expect_failures = [var.peers]
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
