# Machines have no route to the internet, so Google's APIs are reached at four addresses of their own: a route to them, and names that
# lead there.
locals {
  google_apis = {
    restricted = { range = "199.36.153.4/30", host = "restricted.googleapis.com." }
    private    = { range = "199.36.153.8/30", host = "private.googleapis.com." }
  }[var.google_apis]
  google_addresses = [for host in range(4) : cidrhost(local.google_apis.range, host)]

  # APIs; registries of images and packages; control planes of clusters by name, which is how the hub reaches those of the spokes
  # (a peered network cannot pass through to Google's side).
  google_zones = { googleapis = "googleapis.com.", gcr = "gcr.io.", pkg-dev = "pkg.dev.", gke = "gke.goog." }
}

resource "google_compute_route" "google_apis" {
  project          = var.project
  name             = "${var.name}-google-apis"
  description      = "Google's APIs, and nothing else of what lies behind the gateway."
  network          = google_compute_network.this.id
  dest_range       = local.google_apis.range
  next_hop_gateway = "default-internet-gateway"
  priority         = 1000
}

resource "google_dns_managed_zone" "google" {
  for_each = local.google_zones

  project     = var.project
  name        = "${var.name}-${each.key}"
  dns_name    = each.value
  description = "Names of Google at the addresses that this network has a route to."
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "google_addresses" {
  for_each = local.google_zones

  project      = var.project
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = each.key == "googleapis" ? local.google_apis.host : each.value
  type         = "A"
  ttl          = 300
  rrdatas      = local.google_addresses
}

resource "google_dns_record_set" "google_names" {
  for_each = local.google_zones

  project      = var.project
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = "*.${each.value}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [each.key == "googleapis" ? local.google_apis.host : each.value]
}

# Who asked for which name: the first sign of data leaving by a side door.
resource "google_dns_policy" "this" {
  project        = var.project
  name           = var.name
  description    = "Logs what is asked for."
  enable_logging = true

  networks {
    network_url = google_compute_network.this.id
  }
}
