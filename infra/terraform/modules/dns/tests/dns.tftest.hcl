mock_provider "google" {
  override_during = plan

  mock_resource "google_certificate_manager_dns_authorization" {
    defaults = {
      dns_resource_record = [{ name = "_acme-challenge.ledger.pay.airpay.example.", type = "CNAME", data = "x.authorize.certificatemanager.goog." }]
    }
  }
}

variables {
  project     = "airpay-payments-prod"
  public_zone = { name = "pay-airpay-example", domain = "pay.airpay.example." }
  private_zones = {
    db-airpay-example = {
      domain   = "db.airpay.example."
      networks = ["projects/airpay-payments-prod/global/networks/payments-prod", "projects/airpay-devops/global/networks/devops"]
    }
    clusters-airpay-example = {
      domain   = "clusters.airpay.example."
      networks = ["projects/airpay-payments-prod/global/networks/payments-prod", "projects/airpay-devops/global/networks/devops"]
    }
  }
  addresses = {
    "ledger.region-a.pay.airpay.example." = "203.0.113.10"
    "ledger.region-b.pay.airpay.example." = "203.0.113.20"
  }
  private_addresses = { "metrics.clusters.airpay.example." = { zone = "clusters-airpay-example", address = "10.0.15.200" } }
  authorized_hosts  = ["ledger.pay.airpay.example", "ledger.region-a.pay.airpay.example", "ledger.region-b.pay.airpay.example"]
  incident_address  = "security@airpay.example"
  traffic = {
    host    = "ledger.pay.airpay.example."
    primary = "region-a"
    regions = {
      region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example." }
      region-b = { location = "europe-west4", target = "ledger.region-b.pay.airpay.example." }
    }
  }
  labels = {
    team        = "platform", product = "payments", system = "payments", component = "dns", environment = "production", region = "region-a",
    cost-center = "cc-4100", data-class = "internal", residency = "eu", tier = "0"
  }
}

# The same state, as after a switch and with the roles swapped in the estate: the apply must leave the record where the run put it.
run "payers_have_one_name_in_the_zone" {
  command = plan

  assert {
    condition     = output.traffic_record.name == "ledger.pay.airpay.example." && output.traffic_record.type == "CNAME" && output.traffic_record.ttl == 30
    error_message = "The zone has the record that recovery runs move."
  }
}

run "without_a_name_for_payers_there_is_no_record" {
  command = plan

  variables {
    traffic = null
  }

  assert {
    condition     = output.traffic_record == null
    error_message = "The hub's zone has no such name."
  }
}

run "each_region_has_a_name_of_its_own" {
  command = plan

  assert {
    condition     = google_dns_record_set.address["ledger.region-b.pay.airpay.example."].rrdatas == tolist(["203.0.113.20"])
    error_message = "Regional names lead to the gateways' addresses."
  }
}

run "the_zone_is_signed_and_only_known_authorities_issue" {
  command = plan

  assert {
    condition     = google_dns_managed_zone.public[0].dnssec_config[0].state == "on"
    error_message = "The public zone must be signed."
  }

  assert {
    condition     = google_dns_record_set.caa[0].rrdatas == tolist(["0 issue \"pki.goog\"", "0 issuewild \";\"", "0 iodef \"mailto:security@airpay.example\""])
    error_message = "Only Google issues, nobody a wildcard, and refusals are reported."
  }
}

run "a_host_is_proven_once_for_all_gateways" {
  command = plan

  assert {
    condition     = length(google_certificate_manager_dns_authorization.host) == 3 && google_dns_record_set.authorization["ledger.pay.airpay.example"].type == "CNAME"
    error_message = "One authorization per host, with its record in the zone."
  }

  assert {
    condition     = toset(keys(output.authorizations)) == toset(["ledger.pay.airpay.example", "ledger.region-a.pay.airpay.example", "ledger.region-b.pay.airpay.example"])
    error_message = "Gateways get the ids by host."
  }
}

run "private_zones_are_known_to_our_networks_only" {
  command = plan

  assert {
    condition     = alltrue([for zone in google_dns_managed_zone.private : zone.visibility == "private" && length(zone.private_visibility_config[0].networks) == 2])
    error_message = "Database names are not on the internet."
  }

  assert {
    condition     = google_dns_record_set.private["metrics.clusters.airpay.example."].rrdatas == tolist(["10.0.15.200"])
    error_message = "The address that metrics are written to has a name inside."
  }
}

run "a_zone_nobody_knows_is_refused" {
  command = plan

  variables {
    private_zones = { db-airpay-example = { domain = "db.airpay.example.", networks = [] } }
  }

  expect_failures = [var.private_zones]
}

run "a_zone_of_another_network_is_asked_and_not_copied" {
  command = plan

  variables {
    private_addresses = {}
    private_zones = {
      db-airpay-example       = { domain = "db.airpay.example.", networks = ["projects/airpay-payments-prod/global/networks/payments-prod"] }
      clusters-airpay-example = { domain = "clusters.airpay.example.", networks = ["projects/airpay-payments-prod/global/networks/payments-prod"], asks = "projects/airpay-devops/global/networks/devops" }
    }
  }

  assert {
    condition     = google_dns_managed_zone.private["clusters-airpay-example"].peering_config[0].target_network[0].network_url == "projects/airpay-devops/global/networks/devops"
    error_message = "The hub's network answers for the hub's names."
  }

  assert {
    condition     = length(google_dns_managed_zone.private["db-airpay-example"].peering_config) == 0
    error_message = "A zone of one's own asks nobody."
  }
}

run "a_record_in_a_zone_that_only_asks_is_refused" {
  command = plan

  variables {
    private_zones = {
      clusters-airpay-example = { domain = "clusters.airpay.example.", networks = ["projects/airpay-payments-prod/global/networks/payments-prod"], asks = "projects/airpay-devops/global/networks/devops" }
    }
  }

  expect_failures = [var.private_addresses]
}

run "a_host_of_another_zone_cannot_be_proven" {
  command = plan

  variables {
    authorized_hosts = ["portal.airpay.example"]
  }

  expect_failures = [var.authorized_hosts]
}

run "a_private_name_outside_its_zone_is_refused" {
  command = plan

  variables {
    private_addresses = { "metrics.airpay.example." = { zone = "clusters-airpay-example", address = "10.0.15.200" } }
  }

  expect_failures = [var.private_addresses]
}

run "a_name_for_payers_without_a_public_zone_is_refused" {
  command = plan

  variables {
    public_zone      = null
    addresses        = {}
    authorized_hosts = []
  }

  expect_failures = [var.traffic]
}
