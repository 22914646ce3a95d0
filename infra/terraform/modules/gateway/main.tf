# What stands outside the cluster for its Gateway (class gke-l7-global-external-managed): the address, the certificates, the least of TLS. The
# Gateway itself is GitOps', and finds these by their names:
#   spec.addresses: NamedAddress gateway-<name>; annotation networking.gke.io/certmap: <name>; GCPGatewayPolicy sslPolicy: <name>
resource "google_compute_global_address" "this" {
  project      = var.project
  name         = "gateway-${var.name}"
  description  = "Where ${join(", ", sort(var.hosts))} are reached"
  address_type = "EXTERNAL"
  ip_version   = "IPV4"
  labels       = var.labels

  lifecycle {
    # Partners have it on their lists, and names lead to it.
    prevent_destroy = true
  }
}

resource "google_dns_record_set" "this" {
  for_each = var.dns.names

  project      = var.dns.project
  managed_zone = var.dns.managed_zone
  name         = "${each.key}."
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_global_address.this.address]
}

resource "google_certificate_manager_certificate" "this" {
  for_each = var.hosts

  project     = var.project
  name        = replace("${var.name}-${each.key}", ".", "-")
  description = each.key
  scope       = "DEFAULT"
  labels      = var.labels

  managed {
    domains            = [each.key]
    dns_authorizations = [var.dns_authorizations[each.key]]
  }
}

resource "google_certificate_manager_certificate_map" "this" {
  project     = var.project
  name        = var.name
  description = "Certificates of gateway ${var.name}"
  labels      = var.labels
}

resource "google_certificate_manager_certificate_map_entry" "this" {
  for_each = var.hosts

  project      = var.project
  name         = replace(each.key, ".", "-")
  description  = each.key
  map          = google_certificate_manager_certificate_map.this.name
  hostname     = each.key
  certificates = [google_certificate_manager_certificate.this[each.key].id]
  labels       = var.labels
}

resource "google_compute_ssl_policy" "this" {
  project         = var.project
  name            = var.name
  description     = "The least of TLS at gateway ${var.name}"
  profile         = var.tls_profile
  min_tls_version = "TLS_1_2"
}
