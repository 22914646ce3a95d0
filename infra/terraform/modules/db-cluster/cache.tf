# The cache beside the ledger runs on the same machines, each for itself. Clients must all see the same one, since they share out limits in
# it, so one machine gets all connections and the others stand by. What is lost with it is speed, no money (ADR 0075).
locals {
  cache_member = sort(keys(var.members))[0]
}

resource "google_compute_region_health_check" "cache" {
  project             = var.project
  name                = "patroni-${var.region}-redis"
  region              = var.location
  check_interval_sec  = 2
  timeout_sec         = 2
  healthy_threshold   = 1
  unhealthy_threshold = 2

  tcp_health_check {
    port = var.ports.redis
  }

  log_config {
    enable = true
  }
}

resource "google_compute_region_backend_service" "cache" {
  provider = google-beta

  project               = var.project
  name                  = "patroni-${var.region}-redis"
  region                = var.location
  load_balancing_scheme = "INTERNAL"
  protocol              = "TCP"
  session_affinity      = "NONE"
  health_checks         = [google_compute_region_health_check.cache.id]

  connection_tracking_policy {
    tracking_mode                                = "PER_CONNECTION"
    connection_persistence_on_unhealthy_backends = "NEVER_PERSIST"
  }

  failover_policy {
    # Over at once, and connections with it: two caches at a time would share out a limit twice.
    disable_connection_drain_on_failover = true
    drop_traffic_if_unhealthy            = true
    failover_ratio                       = 0
  }

  dynamic "backend" {
    for_each = google_compute_instance_group.member

    content {
      group          = backend.value.self_link
      balancing_mode = "CONNECTION"
      failover       = backend.key != local.cache_member
    }
  }
}

resource "google_compute_address" "cache" {
  project      = var.project
  name         = "patroni-${var.region}-redis"
  region       = var.location
  address_type = "INTERNAL"
  subnetwork   = var.network.subnetwork
  labels       = var.labels
}

resource "google_compute_forwarding_rule" "cache" {
  project               = var.project
  name                  = "patroni-${var.region}-redis"
  region                = var.location
  load_balancing_scheme = "INTERNAL"
  ip_protocol           = "TCP"
  ports                 = [tostring(var.ports.redis)]
  network               = var.network.network
  subnetwork            = var.network.subnetwork
  ip_address            = google_compute_address.cache.address
  backend_service       = google_compute_region_backend_service.cache.id
  # Only this region's pods use it.
  allow_global_access = false
  labels              = var.labels
}

resource "google_dns_record_set" "cache" {
  project      = var.dns.project
  managed_zone = var.dns.managed_zone
  name         = "redis.${var.dns.domain}"
  type         = "A"
  ttl          = 30
  rrdatas      = [google_compute_address.cache.address]
}
