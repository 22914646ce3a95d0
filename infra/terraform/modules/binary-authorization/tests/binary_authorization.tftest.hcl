mock_provider "google" {}

variables {
  project        = "airpay-payments-prod"
  environment    = "production"
  allowed_images = ["europe-docker.pkg.dev/airpay-devops/payments/**", "europe-docker.pkg.dev/airpay-devops/mirror/**"]
}

run "what_is_not_ours_is_refused_and_not_only_logged" {
  command = plan

  assert {
    condition     = google_binary_authorization_policy.this.default_admission_rule[0].evaluation_mode == "ALWAYS_DENY" && google_binary_authorization_policy.this.default_admission_rule[0].enforcement_mode == "ENFORCED_BLOCK_AND_AUDIT_LOG"
    error_message = "The default is to refuse."
  }

  assert {
    condition     = [for pattern in google_binary_authorization_policy.this.admission_whitelist_patterns : pattern.name_pattern] == ["europe-docker.pkg.dev/airpay-devops/mirror/**", "europe-docker.pkg.dev/airpay-devops/payments/**"]
    error_message = "Exactly our repositories are let in."
  }

  assert {
    condition     = google_binary_authorization_policy.this.global_policy_evaluation_mode == "ENABLE"
    error_message = "GKE's own components must run."
  }
}

run "a_registry_of_others_is_refused" {
  command = plan

  variables {
    allowed_images = ["docker.io/**"]
  }

  expect_failures = [var.allowed_images]
}

run "everything_is_refused" {
  command = plan

  variables {
    allowed_images = ["*"]
  }

  expect_failures = [var.allowed_images]
}

run "production_does_not_only_log" {
  command = plan

  variables {
    enforcement = "DRYRUN_AUDIT_LOG_ONLY"
  }

  expect_failures = [var.enforcement]
}

run "dev_may_only_log_at_first" {
  command = plan

  variables {
    environment = "dev"
    enforcement = "DRYRUN_AUDIT_LOG_ONLY"
  }

  assert {
    condition     = google_binary_authorization_policy.this.default_admission_rule[0].enforcement_mode == "DRYRUN_AUDIT_LOG_ONLY"
    error_message = "Outside production the first days may only log."
  }
}
