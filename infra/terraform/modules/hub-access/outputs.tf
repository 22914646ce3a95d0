output "members" {
  description = "Who may use the hub's network and images."
  value       = [for grant in google_project_iam_member.spokes : grant.member]
}
