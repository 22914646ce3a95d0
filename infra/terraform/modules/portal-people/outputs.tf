output "members" {
  description = "Who may open it."
  value       = [for binding in google_iap_web_iam_member.people : binding.member]
}
