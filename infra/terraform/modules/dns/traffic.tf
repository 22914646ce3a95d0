module "traffic" {
  count  = var.traffic == null ? 0 : 1
  source = "../traffic"

  project = var.project
  zone    = { name = google_dns_managed_zone.public[0].name, domain = var.public_zone.domain }
  host    = var.traffic.host
  mode    = var.traffic.mode
  primary = var.traffic.primary
  regions = var.traffic.regions
  health  = var.traffic.health
}
