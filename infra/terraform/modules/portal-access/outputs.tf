output "roles" {
  description = "Roles the portal has here."
  value       = concat([google_project_iam_custom_role.clusters.id], google_project_iam_custom_role.traffic[*].id)
}
