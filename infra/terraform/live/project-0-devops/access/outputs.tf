output "deployments" {
  description = "Who plans and applies in each environment, the account of Atlantis, which may only become those, and that of the drift check, which may become planners."
  value       = { broker = module.atlantis.broker, drift_check = module.atlantis.drift_check, deployers = module.atlantis.deployers, planners = module.atlantis.planners }
}

output "people" {
  description = "Who may open what stands behind Identity-Aware Proxy."
  value       = module.portal_people.members
}

output "hub_users" {
  description = "Deployers that may use the hub's network and images."
  value       = module.hub_access.members
}

output "image_builder" {
  description = "Account that Packer becomes."
  value       = module.image_builder.email
}
