output "allowed_locations" {
  description = "Values of gcp.resourceLocations that are in force under parent."
  value       = local.allowed_locations
}

output "constraints" {
  description = "Names of the constraints this module sets, sorted."
  value       = sort(keys(google_org_policy_policy.this))
}
