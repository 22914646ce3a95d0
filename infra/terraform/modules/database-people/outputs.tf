output "machines" {
  description = "Machines that the group may log in to."
  value       = sort([for grant in google_compute_instance_iam_member.login : grant.instance_name])
}
