output "broker" {
  description = "Account of Atlantis. It may be nobody but the deployers and planners."
  value       = module.broker.email
}

output "drift_check" {
  description = "Account of the drift check. It may be nobody but the planners."
  value       = module.drift_check.email
}

output "deployers" {
  description = "Environment -> account that applies there (GOOGLE_IMPERSONATE_SERVICE_ACCOUNT of its workflow)."
  value       = { for environment, account in google_service_account.deployer : environment => account.email }
}

output "planners" {
  description = "Environment -> account that only reads there, for plans of what is not approved yet."
  value       = { for environment, account in google_service_account.planner : environment => account.email }
}
