# One address per service. Every machine runs HAProxy, which follows Patroni and passes on to whoever leads; a balancer asks HAProxy whether
# it has such a member at all (infra/ansible/roles/haproxy answers on the health port).
locals {
  services = {
    rw          = { port = var.ports.readWrite, check = "/read-write" }
    replication = { port = var.ports.replication, check = "/replication" }
    ro          = { port = var.ports.readOnly, check = "/read-only" }
  }
}

resource "google_compute_instance_group" "member" {
  for_each = var.members

  project   = var.project
  name      = "patroni-${each.key}"
  zone      = each.value
  network   = var.network.network
  instances = [google_compute_instance.member[each.key].self_link]
}

resource "google_compute_region_health_check" "service" {
  for_each = local.services

  project             = var.project
  name                = "patroni-${var.region}-${each.key}"
  region              = var.location
  check_interval_sec  = 2
  timeout_sec         = 2
  healthy_threshold   = 1
  unhealthy_threshold = 2

  http_health_check {
    port         = var.ports.haproxyHealth
    request_path = each.value.check
  }

  log_config {
    enable = true
  }
}

resource "google_compute_region_backend_service" "service" {
  provider = google-beta
  for_each = local.services

  project                         = var.project
  name                            = "patroni-${var.region}-${each.key}"
  region                          = var.location
  load_balancing_scheme           = "INTERNAL"
  protocol                        = "TCP"
  session_affinity                = "NONE"
  connection_draining_timeout_sec = 30
  health_checks                   = [google_compute_region_health_check.service[each.key].id]

  # A connection to a machine that died gets a reset from another one within seconds, instead of waiting out TCP's own timeouts.
  connection_tracking_policy {
    tracking_mode                                = "PER_CONNECTION"
    connection_persistence_on_unhealthy_backends = "NEVER_PERSIST"
  }

  dynamic "backend" {
    for_each = google_compute_instance_group.member

    content {
      group          = backend.value.self_link
      balancing_mode = "CONNECTION"
    }
  }
}

resource "google_compute_address" "service" {
  for_each = local.services

  project      = var.project
  name         = "patroni-${var.region}-${each.key}"
  region       = var.location
  address_type = "INTERNAL"
  subnetwork   = var.network.subnetwork
  labels       = var.labels
}

# Global access: the other region follows from here, and the hub is in a third one.
resource "google_compute_forwarding_rule" "service" {
  for_each = local.services

  project               = var.project
  name                  = "patroni-${var.region}-${each.key}"
  region                = var.location
  load_balancing_scheme = "INTERNAL"
  ip_protocol           = "TCP"
  ports                 = [tostring(each.value.port)]
  network               = var.network.network
  subnetwork            = var.network.subnetwork
  ip_address            = google_compute_address.service[each.key].address
  backend_service       = google_compute_region_backend_service.service[each.key].id
  allow_global_access   = true
  labels                = var.labels
}

resource "google_dns_record_set" "service" {
  for_each = local.services

  project      = var.dns.project
  managed_zone = var.dns.managed_zone
  name         = "${each.key}.${var.dns.domain}"
  type         = "A"
  ttl          = 30
  rrdatas      = [google_compute_address.service[each.key].address]
}

resource "google_dns_record_set" "member" {
  for_each = var.members

  project      = var.dns.project
  managed_zone = var.dns.managed_zone
  name         = "${each.key}.${var.dns.domain}"
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_address.member[each.key].address]
}
