output "ips" {
  description = "Addresses that partners see and put on their lists, sorted. They outlive the NAT."
  value       = sort([for address in google_compute_address.egress : address.address])
}

output "instances" {
  description = "NAT machines that the policy on external addresses must except (org-policies, external_ip_instances); empty in mode cloud-nat."
  value       = local.instances
}
