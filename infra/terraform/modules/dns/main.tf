resource "google_dns_managed_zone" "public" {
  count = var.public_zone == null ? 0 : 1

  project     = var.project
  name        = var.public_zone.name
  dns_name    = var.public_zone.domain
  description = "Names on the internet"
  visibility  = "public"
  labels      = var.labels

  dnssec_config {
    state         = "on"
    non_existence = "nsec3"
  }

  cloud_logging_config {
    enable_logging = true
  }

  lifecycle {
    # Anew, it would have other name servers, and the zone above would lead to nobody.
    prevent_destroy = true
  }
}

resource "google_dns_managed_zone" "private" {
  for_each = var.private_zones

  project     = var.project
  name        = each.key
  dns_name    = each.value.domain
  description = "Names that only our networks know"
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    dynamic "networks" {
      for_each = each.value.networks

      content {
        network_url = networks.value
      }
    }
  }

  dynamic "peering_config" {
    for_each = each.value.asks[*]

    content {
      target_network {
        network_url = peering_config.value
      }
    }
  }
}

resource "google_dns_record_set" "private" {
  for_each = var.private_addresses

  project      = var.project
  managed_zone = google_dns_managed_zone.private[each.value.zone].name
  name         = each.key
  type         = "A"
  ttl          = 300
  rrdatas      = [each.value.address]
}

# Only Google issues certificates for public names: those of the load balancers. Names inside have an authority of our own.
resource "google_dns_record_set" "caa" {
  count = var.public_zone == null ? 0 : 1

  project      = var.project
  managed_zone = google_dns_managed_zone.public[0].name
  name         = var.public_zone.domain
  type         = "CAA"
  ttl          = 3600
  rrdatas      = ["0 issue \"pki.goog\"", "0 issuewild \";\"", "0 iodef \"mailto:${var.incident_address}\""]
}

resource "google_dns_record_set" "delegation" {
  for_each = var.delegations

  project      = var.project
  managed_zone = google_dns_managed_zone.public[0].name
  name         = each.key
  type         = "NS"
  ttl          = 3600
  rrdatas      = each.value
}

resource "google_dns_record_set" "address" {
  for_each = var.addresses

  project      = var.project
  managed_zone = google_dns_managed_zone.public[0].name
  name         = each.key
  type         = "A"
  ttl          = 300
  rrdatas      = [each.value]
}

# The proof that a host is ours. Its record stays: certificates are renewed by it.
resource "google_certificate_manager_dns_authorization" "host" {
  for_each = var.authorized_hosts

  project     = var.project
  name        = replace(each.key, ".", "-")
  description = "Certificates for ${each.key}"
  domain      = each.key
  type        = "FIXED_RECORD"
  labels      = var.labels
}

resource "google_dns_record_set" "authorization" {
  for_each = var.authorized_hosts

  project      = var.project
  managed_zone = google_dns_managed_zone.public[0].name
  name         = google_certificate_manager_dns_authorization.host[each.key].dns_resource_record[0].name
  type         = google_certificate_manager_dns_authorization.host[each.key].dns_resource_record[0].type
  ttl          = 300
  rrdatas      = [google_certificate_manager_dns_authorization.host[each.key].dns_resource_record[0].data]
}
