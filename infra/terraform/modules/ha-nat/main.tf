locals {
  zones = sort(tolist(var.zones))

  # Machines that send out in mode nlb, by zone. Their names are known before they exist, so that the policy on external addresses can
  # except these and no others.
  machines  = var.mode == "nlb" ? { for zone in local.zones : zone => "${var.name}-nat-${trimprefix(zone, "${var.location}-")}" } : {}
  instances = [for zone, name in local.machines : "projects/${var.project}/zones/${zone}/instances/${name}"]
}

# What partners have on their lists. The addresses outlive whatever sends from them, and a change of mode.
resource "google_compute_address" "egress" {
  for_each = var.zones

  project      = var.project
  region       = var.location
  name         = "${var.name}-egress-${trimprefix(each.value, "${var.location}-")}"
  address_type = "EXTERNAL"
  network_tier = "PREMIUM"
  description  = "On partners' lists of senders: do not release."
  labels       = var.labels

  lifecycle {
    prevent_destroy = true
  }
}

# Mode cloud-nat: NAT in the network's fabric, no machine to lose. Machines with the tag egress have a route to the gateway, and without
# an external address of their own that route leads through the NAT.
resource "google_compute_route" "cloud_nat" {
  count = var.mode == "cloud-nat" ? 1 : 0

  project          = var.project
  name             = "${var.name}-egress"
  description      = "The way out for machines with the tag egress."
  network          = var.network
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
  priority         = 1000
  tags             = [var.egress_tag]
}

resource "google_compute_router" "this" {
  count = var.mode == "cloud-nat" ? 1 : 0

  project = var.project
  region  = var.location
  name    = "${var.name}-nat"
  network = var.network
}

resource "google_compute_router_nat" "this" {
  count = var.mode == "cloud-nat" ? 1 : 0

  project                            = var.project
  region                             = var.location
  router                             = google_compute_router.this[0].name
  name                               = "${var.name}-nat"
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = [for address in google_compute_address.egress : address.self_link]
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = var.subnet
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  # A node's pods share its ports; it gets more of them as they are used. Endpoint-independent mapping and this exclude each other.
  enable_dynamic_port_allocation      = true
  enable_endpoint_independent_mapping = false
  min_ports_per_vm                    = 128
  max_ports_per_vm                    = 4096

  # Google's balancer closes after 10 minutes what it takes for idle; ours does not hold ports longer than that.
  tcp_established_idle_timeout_sec = 600
  tcp_time_wait_timeout_sec        = 120
  tcp_transitory_idle_timeout_sec  = 30
  udp_idle_timeout_sec             = 30

  log_config {
    enable = true
    filter = "ALL"
  }
}
