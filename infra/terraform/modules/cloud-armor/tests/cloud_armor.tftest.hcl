mock_provider "google" {}

variables {
  project    = "airpay-payments-prod"
  name       = "payments-edge"
  rate_limit = { requests = 600, seconds = 60 }
}

run "the_text_says_the_number" {
  command = plan

  assert {
    condition = alltrue([
      for rule in google_compute_security_policy.this.rule :
      regexall("[0-9]+", rule.description) == tolist([tostring(rule.rate_limit_options[0].rate_limit_threshold[0].count), tostring(rule.rate_limit_options[0].rate_limit_threshold[0].interval_sec)])
      if rule.action == "throttle"
    ])
    error_message = "The description of the throttle must name the very numbers it works by."
  }

  assert {
    condition     = one([for rule in google_compute_security_policy.this.rule : rule.description if rule.action == "throttle"]) == "600 requests in 60 s from one address"
    error_message = "There is one throttle, and it says what it does."
  }
}

run "another_number_is_another_text" {
  command = plan

  variables {
    rate_limit = { requests = 100, seconds = 30 }
  }

  assert {
    condition     = one([for rule in google_compute_security_policy.this.rule : "${rule.description}: ${rule.rate_limit_options[0].rate_limit_threshold[0].count}" if rule.action == "throttle"]) == "100 requests in 30 s from one address: 100"
    error_message = "Text and count must change together."
  }
}

run "attacks_are_looked_for_before_the_throttle_lets_a_request_through" {
  command = plan

  assert {
    condition     = max([for rule in google_compute_security_policy.this.rule : rule.priority if rule.action == "deny(403)"]...) < one([for rule in google_compute_security_policy.this.rule : rule.priority if rule.action == "throttle"])
    error_message = "A throttle ends the evaluation; attacks must be looked for first."
  }

  assert {
    condition     = contains([for rule in google_compute_security_policy.this.rule : try(rule.match[0].expr[0].expression, "")], "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 1})")
    error_message = "SQL injection must be refused."
  }

  assert {
    condition     = length([for rule in google_compute_security_policy.this.rule : rule if rule.action == "deny(403)" && !rule.preview]) == 10
    error_message = "All ten rule sets refuse, and none only watches."
  }
}

run "too_many_get_429_each_address_for_itself" {
  command = plan

  assert {
    condition     = one([for rule in google_compute_security_policy.this.rule : rule.rate_limit_options[0].exceed_action if rule.action == "throttle"]) == "deny(429)" && one([for rule in google_compute_security_policy.this.rule : rule.rate_limit_options[0].enforce_on_key if rule.action == "throttle"]) == "IP"
    error_message = "One address must not use up the rate of others."
  }
}

run "there_is_a_default_rule_and_floods_are_watched" {
  command = plan

  assert {
    condition     = [for rule in google_compute_security_policy.this.rule : rule.action if rule.priority == 2147483647] == ["allow"]
    error_message = "The last rule must exist; the API refuses a policy without."
  }

  assert {
    condition     = google_compute_security_policy.this.adaptive_protection_config[0].layer_7_ddos_defense_config[0].enable && google_compute_security_policy.this.advanced_options_config[0].json_parsing == "STANDARD"
    error_message = "Adaptive protection on, JSON bodies parsed."
  }
}

run "preview_refuses_nothing" {
  command = plan

  variables {
    preview = true
  }

  assert {
    condition     = alltrue([for rule in google_compute_security_policy.this.rule : rule.preview if rule.action != "allow"])
    error_message = "In preview every rule only logs."
  }
}

run "seconds_that_cloud_armor_does_not_count_are_refused" {
  command = plan

  variables {
    rate_limit = { requests = 100, seconds = 45 }
  }

  expect_failures = [var.rate_limit]
}

run "unknown_rule_sets_are_refused" {
  command = plan

  variables {
    waf_rules = ["sqli", "xss", "lfi", "rce", "protocolattack", "scannerdetection", "sqlli"]
  }

  expect_failures = [var.waf_rules]
}

run "a_policy_without_injection_rules_is_refused" {
  command = plan

  variables {
    waf_rules = ["xss"]
  }

  expect_failures = [var.waf_rules]
}

run "unknown_sensitivity_is_refused" {
  command = plan

  variables {
    waf_sensitivity = 0
  }

  expect_failures = [var.waf_sensitivity]
}
