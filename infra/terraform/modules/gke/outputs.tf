output "id" {
  description = "The cluster: projects/<project>/locations/<location>/clusters/<name>."
  value       = google_container_cluster.this.id
}

output "name" {
  description = "Name of the cluster."
  value       = google_container_cluster.this.name
}

output "location" {
  description = "Location of the cluster."
  value       = google_container_cluster.this.location
}

output "dns_endpoint" {
  description = "Where the control plane answers, and the name its certificate has. Argo CD and the portal are given this one."
  value       = one(one(google_container_cluster.this.control_plane_endpoints_config[*].dns_endpoint_config)[*].endpoint)
}

output "workload_pool" {
  description = "Pool of identities of the cluster's pods."
  value       = one(google_container_cluster.this.workload_identity_config[*].workload_pool)
}

output "node_accounts" {
  description = "Pool -> email of its nodes' account. Each reads images, so the registry grants it artifactregistry.reader."
  value       = { for pool, account in google_service_account.node : pool => account.email }
}

output "notification_topic" {
  description = "Topic of upgrades and security bulletins."
  value       = google_pubsub_topic.notifications.id
}
