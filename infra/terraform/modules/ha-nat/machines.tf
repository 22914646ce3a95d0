# Mode nlb: one machine a zone, each with its own address, behind an internal balancer that is the next hop of the default route. A lost
# machine is made again with its address; meanwhile the balancer sends to the others.
locals {
  health_port = 8080
  nat_tag     = "${var.name}-nat"

  # Rules are there before the health port answers, so that a machine which cannot forward is never asked to.
  startup = <<-EOT
    #!/bin/sh
    set -eu
    modprobe nf_conntrack
    sysctl -qw net.ipv4.ip_forward=1 net.netfilter.nf_conntrack_max=262144
    device=$(ip -o -4 route show default | awk '{print $5; exit}')
    nft -f - <<RULES
    table ip nat
    delete table ip nat
    table ip nat {
      chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        oifname "$device" ip saddr { ${join(", ", try(var.machines.client_ranges, []))} } masquerade
      }
    }
    RULES
    exec systemd-run --unit=nat-health --property=Restart=always --property=DynamicUser=yes \
      python3 -c '
    import http.server
    class Health(http.server.BaseHTTPRequestHandler):
        timeout = 5
        def do_GET(self):
            forwards = open("/proc/sys/net/ipv4/ip_forward").read().strip() == "1"
            self.send_response(200 if forwards else 503)
            self.end_headers()
        def log_message(self, *args):
            pass
    http.server.ThreadingHTTPServer(("", ${local.health_port}), Health).serve_forever()
    '
  EOT
}

resource "google_service_account" "nat" {
  count = var.mode == "nlb" ? 1 : 0

  project      = var.project
  account_id   = "nat-${substr(sha1(var.name), 0, 12)}"
  display_name = "NAT machines of ${var.name}"
  description  = "May write logs and metrics, and nothing else."
}

resource "google_project_iam_member" "nat" {
  for_each = var.mode == "nlb" ? toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"]) : []

  project = var.project
  role    = each.value
  member  = google_service_account.nat[0].member
}

resource "google_compute_instance_template" "nat" {
  count = var.mode == "nlb" ? 1 : 0

  project                 = var.project
  region                  = var.location
  name_prefix             = "${var.name}-nat-"
  machine_type            = var.machines.machine_type
  can_ip_forward          = true
  labels                  = var.labels
  tags                    = [local.nat_tag]
  metadata_startup_script = local.startup

  metadata = {
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
  }

  disk {
    boot         = true
    auto_delete  = true
    source_image = var.machines.image
    disk_type    = "pd-balanced"
    disk_size_gb = 20
    labels       = var.labels

    disk_encryption_key {
      kms_key_self_link = var.machines.kms_key_id
    }
  }

  # The only machines with an external address. Which one, says the configuration of each instance, below: a template is for all zones.
  network_interface {
    subnetwork = var.machines.edge_subnet

    access_config {
      network_tier = "PREMIUM"
    }
  }

  service_account {
    email  = google_service_account.nat[0].email
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_region_health_check" "nat" {
  count = var.mode == "nlb" ? 1 : 0

  project             = var.project
  region              = var.location
  name                = "${var.name}-nat"
  check_interval_sec  = 5
  timeout_sec         = 3
  healthy_threshold   = 2
  unhealthy_threshold = 2

  http_health_check {
    port         = local.health_port
    request_path = "/"
  }

  log_config {
    enable = true
  }
}

# Healing is slower than balancing: taking a machine out of rotation costs nothing, making it anew ends its connections.
resource "google_compute_health_check" "healing" {
  count = var.mode == "nlb" ? 1 : 0

  project             = var.project
  name                = "${var.name}-nat-healing"
  check_interval_sec  = 10
  timeout_sec         = 5
  healthy_threshold   = 1
  unhealthy_threshold = 6

  http_health_check {
    port         = local.health_port
    request_path = "/"
  }
}

# No target_size: the one instance of a group comes from google_compute_per_instance_config, with its name and its address, and counts itself.
resource "google_compute_instance_group_manager" "nat" {
  for_each = local.machines

  project            = var.project
  zone               = each.key
  name               = each.value
  base_instance_name = each.value

  version {
    instance_template = google_compute_instance_template.nat[0].self_link_unique
  }

  auto_healing_policies {
    health_check      = google_compute_health_check.healing[0].id
    initial_delay_sec = 120
  }

  # Two machines cannot have one address, so the old one goes first; the other zones carry on.
  update_policy {
    type                  = "OPPORTUNISTIC"
    minimal_action        = "REPLACE"
    replacement_method    = "RECREATE"
    max_surge_fixed       = 0
    max_unavailable_fixed = 1
  }
}

resource "google_compute_per_instance_config" "nat" {
  for_each = local.machines

  project                          = var.project
  zone                             = each.key
  instance_group_manager           = google_compute_instance_group_manager.nat[each.key].name
  name                             = each.value
  minimal_action                   = "NONE"
  most_disruptive_allowed_action   = "REPLACE"
  remove_instance_on_destroy       = true
  remove_instance_state_on_destroy = true

  preserved_state {
    external_ip {
      interface_name = "nic0"
      auto_delete    = "NEVER"

      ip_address {
        address = google_compute_address.egress[each.key].self_link
      }
    }
  }
}

resource "google_compute_region_backend_service" "nat" {
  count = var.mode == "nlb" ? 1 : 0

  project               = var.project
  region                = var.location
  name                  = "${var.name}-nat"
  network               = var.network
  load_balancing_scheme = "INTERNAL"
  protocol              = "UNSPECIFIED"
  health_checks         = [google_compute_region_health_check.nat[0].id]

  # A connection stays with its machine: another one has not seen its beginning and would send from another address.
  session_affinity                = "CLIENT_IP"
  connection_draining_timeout_sec = 60

  dynamic "backend" {
    for_each = google_compute_instance_group_manager.nat

    content {
      group          = backend.value.instance_group
      balancing_mode = "CONNECTION"
    }
  }
}

resource "google_compute_forwarding_rule" "nat" {
  count = var.mode == "nlb" ? 1 : 0

  project               = var.project
  region                = var.location
  name                  = "${var.name}-nat"
  network               = var.network
  subnetwork            = var.machines.edge_subnet
  load_balancing_scheme = "INTERNAL"
  ip_protocol           = "L3_DEFAULT"
  all_ports             = true
  backend_service       = google_compute_region_backend_service.nat[0].id
  labels                = var.labels
}

resource "google_compute_route" "nlb" {
  count = var.mode == "nlb" ? 1 : 0

  project      = var.project
  name         = "${var.name}-egress"
  description  = "The way out for machines with the tag egress: through the NAT machines."
  network      = var.network
  dest_range   = "0.0.0.0/0"
  next_hop_ilb = google_compute_forwarding_rule.nat[0].id
  priority     = 1000
  tags         = [var.egress_tag]

  depends_on = [google_compute_per_instance_config.nat]
}

# The machines' own way out; without it their default route would be themselves.
resource "google_compute_route" "machines" {
  count = var.mode == "nlb" ? 1 : 0

  project          = var.project
  name             = "${var.name}-nat-out"
  description      = "The NAT machines send to the internet directly."
  network          = var.network
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
  priority         = 900
  tags             = [local.nat_tag]
}

resource "google_compute_firewall" "clients" {
  count = var.mode == "nlb" ? 1 : 0

  project                 = var.project
  name                    = "${var.name}-nat-clients"
  description             = "Nodes and pods send through the NAT machines; nothing from outside does."
  network                 = var.network
  direction               = "INGRESS"
  priority                = 1000
  source_ranges           = var.machines.client_ranges
  target_service_accounts = [google_service_account.nat[0].email]

  allow {
    protocol = "tcp"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "health" {
  count = var.mode == "nlb" ? 1 : 0

  project                 = var.project
  name                    = "${var.name}-nat-health"
  description             = "Google's health checks."
  network                 = var.network
  direction               = "INGRESS"
  priority                = 1000
  source_ranges           = ["35.191.0.0/16", "130.211.0.0/22"]
  target_service_accounts = [google_service_account.nat[0].email]

  allow {
    protocol = "tcp"
    ports    = [tostring(local.health_port)]
  }
}

resource "google_compute_firewall" "out" {
  count = var.mode == "nlb" ? 1 : 0

  project                 = var.project
  name                    = "${var.name}-nat-out"
  description             = "What the clients' own rule let out goes on from here."
  network                 = var.network
  direction               = "EGRESS"
  priority                = 1000
  destination_ranges      = ["0.0.0.0/0"]
  target_service_accounts = [google_service_account.nat[0].email]

  allow {
    protocol = "tcp"
    ports    = var.egress_ports
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
