output "roles" {
  description = "Roles the portal has here."
  value       = [google_project_iam_custom_role.clusters.id]
}
