output "role" {
  description = "The role that Argo CD has here, once it is granted."
  value       = google_project_iam_member.clusters.role
}
