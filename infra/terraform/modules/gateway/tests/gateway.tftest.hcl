mock_provider "google" {}

variables {
  project = "airpay-payments-prod"
  name    = "payments-region-a"
  hosts   = ["ledger.pay.airpay.example", "ledger.region-a.pay.airpay.example"]
  dns_authorizations = {
    "ledger.pay.airpay.example"          = "projects/airpay-payments-prod/locations/global/dnsAuthorizations/ledger-pay-airpay-example"
    "ledger.region-a.pay.airpay.example" = "projects/airpay-payments-prod/locations/global/dnsAuthorizations/ledger-region-a-pay-airpay-example"
  }
  dns = { project = "airpay-payments-prod", managed_zone = "pay-airpay-example", names = ["ledger.region-a.pay.airpay.example"] }
  labels = {
    team        = "platform", product = "payments", system = "payments", component = "gateway", environment = "production", region = "region-a",
    cost-center = "cc-4100", data-class = "internal", residency = "eu", tier = "0"
  }
}

run "the_gateway_finds_everything_by_name" {
  command = plan

  assert {
    condition     = google_compute_global_address.this.name == "gateway-payments-region-a" && google_certificate_manager_certificate_map.this.name == "payments-region-a" && google_compute_ssl_policy.this.name == "payments-region-a"
    error_message = "The Gateway's annotations and policies give these names."
  }
}

run "every_host_has_a_certificate_proven_by_dns" {
  command = plan

  assert {
    condition     = alltrue([for host, certificate in google_certificate_manager_certificate.this : certificate.managed[0].domains == tolist([host]) && certificate.managed[0].dns_authorizations == tolist([var.dns_authorizations[host]])])
    error_message = "Each certificate is for one host, with that host's proof."
  }

  assert {
    condition     = toset([for entry in google_certificate_manager_certificate_map_entry.this : entry.hostname]) == var.hosts
    error_message = "The map has an entry for each host and for nothing else."
  }
}

run "tls_1_2_is_the_least" {
  command = plan

  assert {
    condition     = google_compute_ssl_policy.this.min_tls_version == "TLS_1_2" && google_compute_ssl_policy.this.profile == "RESTRICTED"
    error_message = "Nothing older than TLS 1.2, and no weak cipher."
  }
}

run "only_the_regional_name_leads_here_for_good" {
  command = plan

  assert {
    condition     = [for record in google_dns_record_set.this : record.name] == ["ledger.region-a.pay.airpay.example."]
    error_message = "The name that recovery moves is not written here."
  }
}

run "a_host_without_proof_is_refused" {
  command = plan

  variables {
    dns_authorizations = { "ledger.pay.airpay.example" = "projects/airpay-payments-prod/locations/global/dnsAuthorizations/ledger-pay-airpay-example" }
  }

  expect_failures = [var.dns_authorizations]
}

run "a_name_the_gateway_does_not_answer_for_is_refused" {
  command = plan

  variables {
    dns = { project = "airpay-payments-prod", managed_zone = "pay-airpay-example", names = ["ledger.region-b.pay.airpay.example"] }
  }

  expect_failures = [var.dns]
}

run "weak_ciphers_are_refused" {
  command = plan

  variables {
    tls_profile = "COMPATIBLE"
  }

  expect_failures = [var.tls_profile]
}

run "another_name_is_refused" {
  command = plan

  variables {
    name = "payments-europe-west1"
  }

  expect_failures = [var.name]
}
