mock_provider "google" {
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

run "payers_use_one_name_that_leads_to_the_primary_within_half_a_minute" {
  assert {
    condition     = google_dns_record_set.traffic[0].type == "CNAME" && google_dns_record_set.traffic[0].ttl == 30 && google_dns_record_set.traffic[0].rrdatas == tolist(["ledger.region-a.pay.airpay.example."])
    error_message = "The record is what the portal reads and replaces: a CNAME with a TTL of 30 s."
  }

  assert {
    condition     = length(google_dns_record_set.failover) == 0 && length(google_compute_health_check.traffic) == 0
    error_message = "A recovery run owns the record; nothing else moves it."
  }
}

# The same state, as after a switch and with the roles swapped in the estate: the apply must leave the record where the run put it.
run "an_apply_does_not_move_payers" {
  variables {
    traffic = {
      host    = "ledger.pay.airpay.example."
      primary = "region-b"
      regions = {
        region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example." }
        region-b = { location = "europe-west4", target = "ledger.region-b.pay.airpay.example." }
      }
    }
  }

  assert {
    condition     = google_dns_record_set.traffic[0].rrdatas == tolist(["ledger.region-a.pay.airpay.example."])
    error_message = "Terraform must never change where the record leads."
  }
}

run "each_region_has_a_name_of_its_own" {
  assert {
    condition     = google_dns_record_set.address["ledger.region-b.pay.airpay.example."].rrdatas == tolist(["203.0.113.20"])
    error_message = "Regional names lead to the gateways' addresses."
  }
}

run "the_zone_is_signed_and_only_known_authorities_issue" {
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
  assert {
    condition     = alltrue([for zone in google_dns_managed_zone.private : zone.visibility == "private" && length(zone.private_visibility_config[0].networks) == 2])
    error_message = "Database names are not on the internet."
  }

  assert {
    condition     = google_dns_record_set.private["metrics.clusters.airpay.example."].rrdatas == tolist(["10.0.15.200"])
    error_message = "The address that metrics are written to has a name inside."
  }
}

run "by_health_the_standby_gets_nothing_while_the_primary_is_well" {
  command = plan

  variables {
    traffic = {
      host    = "ledger.pay.airpay.example."
      mode    = "failover-policy"
      primary = "region-a"
      health  = { path = "/v1/health" }
      regions = {
        region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example." }
        region-b = { location = "europe-west4", target = "ledger.region-b.pay.airpay.example." }
      }
    }
  }

  assert {
    condition     = google_dns_record_set.failover[0].routing_policy[0].primary_backup[0].trickle_ratio == 0 && google_dns_record_set.failover[0].routing_policy[0].primary_backup[0].primary[0].external_endpoints == tolist(["203.0.113.10"])
    error_message = "All payers go to the primary."
  }

  assert {
    condition     = google_dns_record_set.failover[0].routing_policy[0].primary_backup[0].backup_geo[0].location == "europe-west4" && google_dns_record_set.failover[0].routing_policy[0].primary_backup[0].backup_geo[0].health_checked_targets[0].external_endpoints == tolist(["203.0.113.20"])
    error_message = "The backup is the other region's gateway, if it is healthy."
  }

  assert {
    condition     = google_compute_health_check.traffic[0].check_interval_sec == 30 && length(google_compute_health_check.traffic[0].source_regions) == 3 && google_compute_health_check.traffic[0].https_health_check[0].host == "ledger.pay.airpay.example"
    error_message = "Health is asked from three regions, by the name that payers use."
  }

  assert {
    condition     = length(google_dns_record_set.traffic) == 0
    error_message = "One name has one record."
  }
}

run "routing_by_latency_is_refused" {
  command = plan

  variables {
    traffic = {
      host    = "ledger.pay.airpay.example."
      mode    = "geo"
      primary = "region-a"
      regions = {
        region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example." }
        region-b = { location = "europe-west4", target = "ledger.region-b.pay.airpay.example." }
      }
    }
  }

  expect_failures = [var.traffic]
}

run "a_failover_policy_without_health_is_refused" {
  command = plan

  variables {
    traffic = {
      host    = "ledger.pay.airpay.example."
      mode    = "failover-policy"
      primary = "region-a"
      regions = {
        region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example." }
        region-b = { location = "europe-west4", target = "ledger.region-b.pay.airpay.example." }
      }
    }
  }

  expect_failures = [var.traffic]
}

run "a_target_that_leads_nowhere_is_refused" {
  command = plan

  variables {
    traffic = {
      host    = "ledger.pay.airpay.example."
      primary = "region-a"
      regions = {
        region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example." }
        region-b = { location = "europe-west4", target = "ledger.region-b.elsewhere.example." }
      }
    }
  }

  expect_failures = [var.traffic]
}

run "a_failover_policy_without_addresses_is_refused" {
  command = plan

  variables {
    addresses = {}
    traffic = {
      host    = "ledger.pay.airpay.example."
      mode    = "failover-policy"
      primary = "region-a"
      health  = { path = "/v1/health" }
      regions = {
        region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example." }
        region-b = { location = "europe-west4", target = "ledger.region-b.pay.airpay.example." }
      }
    }
  }

  expect_failures = [var.traffic]
}

run "a_zone_nobody_knows_is_refused" {
  command = plan

  variables {
    private_zones = { db-airpay-example = { domain = "db.airpay.example.", networks = [] } }
  }

  expect_failures = [var.private_zones]
}

run "an_unknown_authority_is_refused" {
  command = plan

  variables {
    certificate_authorities = ["example-ca.com"]
  }

  expect_failures = [var.certificate_authorities]
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
