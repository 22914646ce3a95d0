# Deny everything, in both directions and on the record; then name what may pass. 65534 is the last priority before Google's own.
resource "google_compute_firewall" "deny_ingress" {
  project       = var.project
  name          = "${var.name}-deny-ingress"
  description   = "What no rule lets in."
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = 65534
  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "deny_egress" {
  project            = var.project
  name               = "${var.name}-deny-egress"
  description        = "What no rule lets out."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 65534
  destination_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# Inside, the receiving side decides.
resource "google_compute_firewall" "egress_inside" {
  project            = var.project
  name               = "${var.name}-egress-inside"
  description        = "To our own ranges and those of peers; what arrives is for the ingress rules there."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = local.inside

  allow {
    protocol = "all"
  }
}

resource "google_compute_firewall" "egress_google_apis" {
  project            = var.project
  name               = "${var.name}-egress-google-apis"
  description        = "To Google's APIs."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = [local.google_apis.range]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "google_compute_firewall" "egress_internet" {
  project            = var.project
  name               = "${var.name}-egress-internet"
  description        = "Machines with the tag egress, to the ports that partners use. The way there is the NAT's route, for the same tag."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = 2000
  destination_ranges = ["0.0.0.0/0"]
  target_tags        = [local.egress_tag]

  allow {
    protocol = "tcp"
    ports    = var.egress_ports
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "ingress" {
  for_each = var.ingress

  project                 = var.project
  name                    = "${var.name}-ingress-${each.key}"
  description             = each.value.description
  network                 = google_compute_network.this.id
  direction               = "INGRESS"
  priority                = 1000
  source_ranges           = length(each.value.source_ranges) > 0 ? each.value.source_ranges : null
  source_tags             = length(each.value.source_tags) > 0 ? each.value.source_tags : null
  source_service_accounts = length(each.value.source_accounts) > 0 ? each.value.source_accounts : null
  target_tags             = length(each.value.target_tags) > 0 ? each.value.target_tags : null
  target_service_accounts = length(each.value.target_accounts) > 0 ? each.value.target_accounts : null

  allow {
    protocol = each.value.protocol
    ports    = each.value.ports
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
