output "repositories" {
  description = "Site -> bucket its database machines write to, and the copy that nobody can delete."
  value       = module.archive.repositories
}

output "retention_days" {
  description = "Bucket -> days for which nothing in it can be deleted."
  value       = module.archive.retention_days
}

output "key_rings" {
  description = "Region -> key ring of what is stored there."
  value       = { for region, ring in module.kms : region => ring.key_ring_id }
}

output "sinks" {
  description = "Name of each sink -> account that writes."
  value       = module.audit.sinks
}

output "audit_log_types" {
  description = "Types of audit logs that are on for every service of the folder."
  value       = module.audit.audit_log_types
}
