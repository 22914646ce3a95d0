output "service_account" {
  description = "Account of the machine, for rules that let it in elsewhere."
  value       = google_service_account.this.email
}

output "command" {
  description = "What a person with a grant types; null while there is none."
  value       = local.open ? "gcloud compute ssh ${var.name} --project ${var.project} --zone ${var.zone} --tunnel-through-iap" : null
}

output "grants" {
  description = "Request -> { member, from, until, role } of the grants that have not run out."
  value       = { for id, grant in local.current : id => { member = grant.member, from = grant.from, until = grant.until, role = local.role[id] } }
}
