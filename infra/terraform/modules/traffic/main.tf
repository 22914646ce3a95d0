locals {
  by_health = var.mode == "failover-policy"
  standby   = one([for name in keys(var.regions) : name if name != var.primary])
}

# Terraform makes the record once. Where it leads is a recovery run's decision from then on: an apply a week after a switch must not send
# payers back to a region that no longer writes.
resource "google_dns_record_set" "traffic" {
  count = local.by_health ? 0 : 1

  project      = var.project
  managed_zone = var.zone.name
  name         = var.host
  type         = "CNAME"
  ttl          = 30
  rrdatas      = [var.regions[var.primary].target]

  lifecycle {
    ignore_changes = [rrdatas]
  }
}

# The other way: Cloud DNS answers with the standby while the primary is not healthy. It knows nothing of who may write, so it suits a
# service whose health says that (a path that is 200 only in the region that takes payments).
resource "google_compute_health_check" "traffic" {
  count = local.by_health ? 1 : 0

  project     = var.project
  name        = replace(trimsuffix(var.host, "."), ".", "-")
  description = "Health of ${var.host} in each region, for its failover policy"
  # The least that is allowed with source regions.
  check_interval_sec  = 30
  timeout_sec         = 5
  healthy_threshold   = 2
  unhealthy_threshold = 2
  source_regions      = var.health.source_regions

  https_health_check {
    port         = 443
    host         = trimsuffix(var.host, ".")
    request_path = var.health.path
  }

  log_config {
    enable = true
  }
}

resource "google_dns_record_set" "failover" {
  count = local.by_health ? 1 : 0

  project      = var.project
  managed_zone = var.zone.name
  name         = var.host
  type         = "A"
  ttl          = 30

  routing_policy {
    health_check = google_compute_health_check.traffic[0].id

    primary_backup {
      # Not a single request to the standby while the primary is healthy.
      trickle_ratio = 0

      primary {
        external_endpoints = [var.regions[var.primary].address]
      }

      backup_geo {
        location = var.regions[local.standby].location

        health_checked_targets {
          external_endpoints = [var.regions[local.standby].address]
        }
      }
    }
  }
}
