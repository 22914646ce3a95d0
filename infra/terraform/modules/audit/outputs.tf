output "sinks" {
  description = "Name of the sink -> account that writes."
  value       = { for name, sink in local.sinks : name => sink.writer_identity }
}

output "audit_log_types" {
  description = "Types of audit logs that are on for every service."
  value       = local.log_types
}
