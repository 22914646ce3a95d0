output "project_numbers" {
  description = "Project key -> number; Google's own accounts are named after it."
  value       = { for key, project in module.project : key => project.number }
}

output "projects" {
  description = "Project key -> id of the project, once its APIs are on."
  value       = { for key, project in module.project : key => project.project_id }
}

output "budgets" {
  description = "Project key -> what the budget watches and its amount a month."
  value       = { for key, project in module.project : key => project.budget }
}

output "allowed_locations" {
  description = "Where anything may be made in the folder."
  value       = module.org_policies.allowed_locations
}

output "log_location" {
  description = "Where new projects keep their logs."
  value       = module.org_policies.log_location
}

output "constraints" {
  description = "Constraints in force on the folder."
  value       = module.org_policies.constraints
}

output "publisher" {
  description = "The pipeline's identity: provider, for the variable of the repository, and account."
  value       = { provider = module.publisher.workload_identity_provider, account = module.publisher.member }
}

output "service_publishers" {
  description = "Provider of the services' pipelines, for the variable SERVICES_WORKLOAD_IDENTITY_PROVIDER of the organisation at the git host."
  value       = module.service_publishers.workload_identity_provider
}
