output "registry" {
  description = "Where images and packages are: prefix of the images, addresses for apt."
  value       = { images = module.artifact_registry.host, apt = module.artifact_registry.apt_repositories }
}

output "billing" {
  description = "Dataset of the billing export (switched on in the console, once), who is told, and the budgets."
  value       = { dataset = module.budgets.dataset, channel = module.budgets.notification_channel, budgets = module.budgets.budgets }
}

output "portal_roles" {
  description = "Project key -> roles that the portal has there."
  value       = { for key, access in module.portal_access : key => access.roles }
}

output "argocd_roles" {
  description = "Project key -> role that Argo CD has there."
  value       = { for key, access in module.argocd_access : key => access.role }
}

output "database_machines" {
  description = "Project key -> machines that the group database may log in to."
  value       = { for key, people in module.database_people : key => people.machines }
}

output "key_rings" {
  description = "Key rings of images and of the bill."
  value       = [module.kms.key_ring_id, module.billing_key.key_ring_id]
}
