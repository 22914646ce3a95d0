output "allowed_locations" {
  description = "Values of gcp.resourceLocations that are in force under parent."
  value       = local.allowed_locations
}

output "constraints" {
  description = "Names of the constraints this module sets, sorted."
  value       = sort(keys(google_org_policy_policy.this))
  depends_on  = [time_sleep.known]
}

output "log_location" {
  description = "Where new projects keep their logs, once it is set."
  value       = one(concat(google_logging_folder_settings.this[*].storage_location, google_logging_organization_settings.this[*].storage_location))
}
