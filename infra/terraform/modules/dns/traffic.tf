locals {
  by_record = var.traffic == null ? false : var.traffic.mode == "record"
  by_health = var.traffic == null ? false : var.traffic.mode == "failover-policy"
  standby   = var.traffic == null ? null : one([for name in keys(var.traffic.regions) : name if name != var.traffic.primary])
}

# Terraform makes the record once. Where it leads is a recovery run's decision from then on: an apply a week after a switch must not send
# payers back to a region that no longer writes.
resource "google_dns_record_set" "traffic" {
  count = local.by_record ? 1 : 0

  project      = var.project
  managed_zone = google_dns_managed_zone.public[0].name
  name         = var.traffic.host
  type         = "CNAME"
  ttl          = 30
  rrdatas      = [var.traffic.regions[var.traffic.primary].target]

  lifecycle {
    ignore_changes = [rrdatas]
  }
}

# The other way: Cloud DNS answers with the standby while the primary is not healthy. It knows nothing of who may write, so it suits a
# service whose health says that (a path that is 200 only in the region that takes payments).
resource "google_compute_health_check" "traffic" {
  count = local.by_health ? 1 : 0

  project     = var.project
  name        = replace(trimsuffix(var.traffic.host, "."), ".", "-")
  description = "Health of ${var.traffic.host} in each region, for its failover policy"
  # The least that is allowed with source regions.
  check_interval_sec  = 30
  timeout_sec         = 5
  healthy_threshold   = 2
  unhealthy_threshold = 2
  source_regions      = var.traffic.health.source_regions

  https_health_check {
    port         = 443
    host         = trimsuffix(var.traffic.host, ".")
    request_path = var.traffic.health.path
  }

  log_config {
    enable = true
  }
}

resource "google_dns_record_set" "failover" {
  count = local.by_health ? 1 : 0

  project      = var.project
  managed_zone = google_dns_managed_zone.public[0].name
  name         = var.traffic.host
  type         = "A"
  ttl          = 30

  routing_policy {
    health_check = google_compute_health_check.traffic[0].id

    primary_backup {
      # Not a single request to the standby while the primary is healthy.
      trickle_ratio = 0

      primary {
        external_endpoints = [var.addresses[var.traffic.regions[var.traffic.primary].target]]
      }

      backup_geo {
        location = var.traffic.regions[local.standby].location

        health_checked_targets {
          external_endpoints = [var.addresses[var.traffic.regions[local.standby].target]]
        }
      }
    }
  }
}
