output "id" {
  description = "Id of the network (projects/P/global/networks/N)."
  value       = google_compute_network.this.id
}

output "self_link" {
  description = "Self link of the network, for the other side of a peering."
  value       = google_compute_network.this.self_link
}

output "name" {
  description = "Name of the network."
  value       = google_compute_network.this.name
}

output "subnets" {
  description = "Region -> tier (edge, application, database) -> { id, self_link, name, range }, known once what is put there reaches Google's APIs. The application tier has the secondary ranges pods and services."
  value = { for region in keys(var.sites) : region => {
    for tier in ["edge", "application", "database"] : tier => {
      id        = google_compute_subnetwork.this["${region}/${tier}"].id
      self_link = google_compute_subnetwork.this["${region}/${tier}"].self_link
      name      = google_compute_subnetwork.this["${region}/${tier}"].name
      range     = google_compute_subnetwork.this["${region}/${tier}"].ip_cidr_range
    }
  } }
  # A node that finds no way to the registry never reports in, and after half an hour its cluster is given up.
  depends_on = [
    google_compute_firewall.egress_inside,
    google_compute_firewall.egress_google_apis,
    google_compute_route.google_apis,
    google_dns_record_set.google_addresses,
    google_dns_record_set.google_names,
  ]
}

output "egress_tag" {
  description = "Network tag of machines that may reach the internet through the NAT. Database machines never carry it."
  value       = local.egress_tag
}
