mock_provider "google" {}

variables {
  project = "airpay-payments-prod"
  zone    = { name = "pay-airpay-example", domain = "pay.airpay.example." }
  host    = "ledger.pay.airpay.example."
  primary = "region-a"
  regions = {
    region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example.", address = "203.0.113.10" }
    region-b = { location = "europe-west4", target = "ledger.region-b.pay.airpay.example.", address = "203.0.113.20" }
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
    primary = "region-b"
  }

  assert {
    condition     = google_dns_record_set.traffic[0].rrdatas == tolist(["ledger.region-a.pay.airpay.example."])
    error_message = "Terraform must never change where the record leads."
  }
}

run "by_health_the_standby_gets_nothing_while_the_primary_is_well" {
  command = plan

  variables {
    mode   = "failover-policy"
    health = { path = "/v1/health" }
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
    condition     = length(google_dns_record_set.traffic) == 0 && length(google_dns_record_set.failover[0].routing_policy[0].geo) == 0 && length(google_dns_record_set.failover[0].routing_policy[0].wrr) == 0
    error_message = "One name has one record, and nothing spreads payers over regions."
  }
}

run "routing_by_latency_is_refused" {
  command = plan

  variables {
    mode = "geo"
  }

  expect_failures = [var.mode]
}

run "a_failover_policy_without_health_is_refused" {
  command = plan

  variables {
    mode = "failover-policy"
  }

  expect_failures = [var.health]
}

run "a_failover_policy_without_addresses_is_refused" {
  command = plan

  variables {
    mode   = "failover-policy"
    health = { path = "/v1/health" }
    regions = {
      region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example." }
      region-b = { location = "europe-west4", target = "ledger.region-b.pay.airpay.example." }
    }
  }

  expect_failures = [var.regions]
}

run "a_target_outside_the_zone_is_refused" {
  command = plan

  variables {
    regions = {
      region-a = { location = "europe-west1", target = "ledger.region-a.pay.airpay.example." }
      region-b = { location = "europe-west4", target = "ledger.region-b.elsewhere.example." }
    }
  }

  expect_failures = [var.regions]
}

run "a_primary_that_does_not_exist_is_refused" {
  command = plan

  variables {
    primary = "region-c"
  }

  expect_failures = [var.primary]
}
