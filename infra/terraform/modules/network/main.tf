locals {
  egress_tag = "egress"
  tiers      = ["edge", "application", "database"]

  subnets = merge([for region, site in var.sites : {
    for tier in local.tiers : "${region}/${tier}" => {
      name      = "${var.name}-${region}-${tier}"
      location  = site.location
      range     = { edge = site.edge, application = site.application, database = site.database }[tier]
      secondary = tier == "application" ? { pods = site.pods, services = site.services } : {}
    }
  }]...)

  # Everything that is ours: sites, control planes, and what the other side of a peering owns.
  inside = distinct(concat(
    flatten([for site in values(var.sites) : [site.edge, site.application, site.database, site.pods, site.services, site.control_plane]]),
    flatten([for peer in values(var.peers) : peer.ranges]),
  ))
}

resource "google_compute_network" "this" {
  project                         = var.project
  name                            = var.name
  auto_create_subnetworks         = false
  routing_mode                    = "GLOBAL"
  delete_default_routes_on_create = true

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_compute_subnetwork" "this" {
  for_each = local.subnets

  project                  = var.project
  name                     = each.value.name
  network                  = google_compute_network.this.id
  region                   = each.value.location
  ip_cidr_range            = each.value.range
  private_ip_google_access = true
  stack_type               = "IPV4_ONLY"

  dynamic "secondary_ip_range" {
    for_each = each.value.secondary

    content {
      range_name    = secondary_ip_range.key
      ip_cidr_range = secondary_ip_range.value
    }
  }

  log_config {
    aggregation_interval = "INTERVAL_1_MIN"
    flow_sampling        = var.flow_sampling
    metadata             = "INCLUDE_ALL_METADATA"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# One half; the other network's root makes the other, and both must be there before anything flows. No routes but those of the
# subnets cross over: a default route of one side would be a way out for the other.
resource "google_compute_network_peering" "this" {
  for_each = var.peers

  name                                = "${var.name}-to-${each.key}"
  network                             = google_compute_network.this.self_link
  peer_network                        = each.value.network
  export_custom_routes                = false
  import_custom_routes                = false
  export_subnet_routes_with_public_ip = false
  import_subnet_routes_with_public_ip = false

  # A peering and a subnet of the same network at the same time are refused ("operation in progress").
  depends_on = [google_compute_subnetwork.this]
}
