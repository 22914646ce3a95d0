# Rules in front of every public route. Attacks are looked for first: a request that keeps within its rate would otherwise be let through
# by the throttle, which ends the evaluation, and never be looked at.
locals {
  waf_first      = 1000
  throttle_at    = 2000
  default_at     = 2147483647
  waf_expression = { for rule in var.waf_rules : rule => strcontains(rule, "canary") ? rule : "${rule}-v33-stable" }
}

resource "google_compute_security_policy" "this" {
  project     = var.project
  name        = var.name
  description = "Attacks are refused, addresses are held to a rate, the rest is let in."
  type        = "CLOUD_ARMOR"

  # Bodies of the API are JSON; without this their fields are one opaque text.
  advanced_options_config {
    json_parsing = "STANDARD"
    log_level    = "NORMAL"
  }

  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable          = true
      rule_visibility = "STANDARD"
    }
  }

  dynamic "rule" {
    for_each = var.waf_rules

    content {
      priority    = local.waf_first + 10 * rule.key
      action      = "deny(403)"
      preview     = var.preview
      description = format("Refuses %s at sensitivity %d", rule.value, var.waf_sensitivity)

      match {
        expr {
          expression = format("evaluatePreconfiguredWaf('%s', {'sensitivity': %d})", local.waf_expression[rule.value], var.waf_sensitivity)
        }
      }
    }
  }

  rule {
    priority    = local.throttle_at
    action      = "throttle"
    preview     = var.preview
    description = format("%d requests in %d s from one address", var.rate_limit.requests, var.rate_limit.seconds)

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = var.rate_limit.requests
        interval_sec = var.rate_limit.seconds
      }
    }
  }

  rule {
    priority    = local.default_at
    action      = "allow"
    preview     = false
    description = "Everything else"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}
