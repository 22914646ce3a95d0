mock_provider "google" {
  override_during = plan

  mock_resource "google_monitoring_uptime_check_config" {
    defaults = { uptime_check_id = "ledger-abc123" }
  }
}

variables {
  project           = "airpay-devops"
  location          = "europe-north1"
  allowed_locations = ["europe-west1", "europe-west4", "europe-north1"]
  kms_key           = "projects/airpay-devops/locations/europe-north1/keyRings/devops-hub/cryptoKeys/buckets"
  buckets           = { thanos = "airpay-devops-thanos", techdocs = "airpay-portal-techdocs" }
  writers = {
    thanos   = ["serviceAccount:thanos@airpay-devops.iam.gserviceaccount.com"]
    techdocs = ["serviceAccount:techdocs@airpay-devops.iam.gserviceaccount.com"]
  }
  readers         = ["serviceAccount:portal@airpay-devops.iam.gserviceaccount.com"]
  metrics_address = { address = "10.0.15.200", subnetwork = "projects/airpay-devops/regions/europe-north1/subnetworks/devops-hub-application" }
  channels        = { platform = { type = "email", labels = { email_address = "platform@airpay.example" } } }
  checks = {
    ledger = { host = "ledger.pay.airpay.example", path = "/v1/accounts/probe", status = 401, runbook = "https://portal.airpay.example/docs/default/component/ledger/runbooks" }
    portal = { host = "portal.airpay.example", path = "/healthcheck", runbook = "https://portal.airpay.example/docs/default/component/portal/runbooks" }
  }
  labels = {
    team        = "platform", product = "portal", system = "observability", component = "monitoring", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "nobody_reads_the_buckets_from_outside" {
  command = plan

  assert {
    condition     = alltrue([for bucket in [google_storage_bucket.thanos, google_storage_bucket.techdocs] : bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced" && !bucket.force_destroy])
    error_message = "No object may be public, and no bucket goes with its content."
  }

  assert {
    condition     = alltrue([for bucket in [google_storage_bucket.thanos, google_storage_bucket.techdocs] : bucket.encryption[0].default_kms_key_name == var.kms_key])
    error_message = "Both are encrypted with our key."
  }
}

run "metrics_are_bounded_and_kept_longer_than_a_year" {
  command = plan

  assert {
    condition     = contains([for rule in google_storage_bucket.thanos.lifecycle_rule : try(one(rule.condition).age, 0) if one(rule.action).type == "Delete"], 400)
    error_message = "Blocks go after 400 days at the latest."
  }
}

run "thanos_writes_and_the_portal_only_reads" {
  command = plan

  assert {
    condition     = one(values(google_storage_bucket_iam_member.thanos)).role == "roles/storage.objectUser" && one(values(google_storage_bucket_iam_member.techdocs_readers)).role == "roles/storage.objectViewer"
    error_message = "Writers write objects, readers read them, nobody administers."
  }
}

run "each_host_is_asked_from_outside_every_minute_over_tls" {
  command = plan

  assert {
    condition     = alltrue([for check in google_monitoring_uptime_check_config.this : check.period == "60s" && check.http_check[0].use_ssl && check.http_check[0].validate_ssl])
    error_message = "Checks go over TLS and look at the certificate."
  }

  assert {
    condition     = one(google_monitoring_uptime_check_config.this["ledger"].http_check[0].accepted_response_status_codes).status_value == 401
    error_message = "The ledger answers 401 to whoever has no key, and nothing else counts."
  }
}

run "every_check_has_an_alert_that_reaches_somebody_and_says_what_to_do" {
  command = plan

  assert {
    condition     = toset(keys(google_monitoring_alert_policy.down)) == toset(keys(var.checks)) && toset(keys(google_monitoring_alert_policy.certificate)) == toset(keys(var.checks))
    error_message = "No check without an alert."
  }

  assert {
    condition     = alltrue([for policy in concat(values(google_monitoring_alert_policy.down), values(google_monitoring_alert_policy.certificate)) : length(policy.notification_channels) == 1 && strcontains(policy.documentation[0].content, "https://portal.airpay.example/docs/")])
    error_message = "Alerts go to a channel and name their runbook."
  }

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.down : strcontains(policy.conditions[0].condition_threshold[0].filter, "check_id=\"ledger-abc123\"")])
    error_message = "An alert looks at its own check."
  }
}

run "an_alert_without_a_runbook_is_refused" {
  command = plan

  variables {
    checks = { portal = { host = "portal.airpay.example", path = "/healthcheck", runbook = "" } }
  }

  expect_failures = [var.checks]
}

run "a_channel_that_needs_a_key_is_refused" {
  command = plan

  variables {
    channels = { duty = { type = "pagerduty", labels = {} } }
  }

  expect_failures = [var.channels]
}

run "the_public_as_a_writer_is_refused" {
  command = plan

  variables {
    writers = { thanos = ["allUsers"], techdocs = [] }
  }

  expect_failures = [var.writers]
}

run "metrics_outside_their_residency_class_are_refused" {
  command = plan

  variables {
    location = "us-east1"
    kms_key  = "projects/airpay-devops/locations/us-east1/keyRings/devops-hub/cryptoKeys/buckets"
  }

  expect_failures = [var.allowed_locations]
}

run "less_than_the_promised_year_is_refused" {
  command = plan

  variables {
    metrics_retention_days = 90
  }

  expect_failures = [var.metrics_retention_days]
}
