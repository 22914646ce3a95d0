locals {
  # Google renews a certificate 30 days before it ends; half of that later something is wrong.
  certificate_days = 14
}

# Asked from Google's sites around the world, not from our clusters: the view of whoever pays. These alerts do not go through our own
# Alertmanager, which may be what is down.
resource "google_monitoring_notification_channel" "this" {
  for_each = var.channels

  project      = var.project
  display_name = each.key
  type         = each.value.type
  labels       = each.value.labels
  user_labels  = var.labels
}

resource "google_monitoring_uptime_check_config" "this" {
  for_each = var.checks

  project            = var.project
  display_name       = each.key
  period             = "60s"
  timeout            = "10s"
  checker_type       = "STATIC_IP_CHECKERS"
  log_check_failures = true
  user_labels        = var.labels

  http_check {
    path           = each.value.path
    port           = 443
    use_ssl        = true
    validate_ssl   = true
    request_method = "GET"

    accepted_response_status_codes {
      status_value = each.value.status
    }
  }

  monitored_resource {
    type   = "uptime_url"
    labels = { project_id = var.project, host = each.value.host }
  }
}

resource "google_monitoring_alert_policy" "down" {
  for_each = var.checks

  project               = var.project
  display_name          = "${each.key} is not reached from outside"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = [for channel in google_monitoring_notification_channel.this : channel.id]
  user_labels           = var.labels

  conditions {
    display_name = "Two sites or more see it fail for two minutes"

    condition_threshold {
      filter          = "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type=\"uptime_url\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.this[each.key].uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "120s"

      aggregations {
        alignment_period     = "120s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }

      trigger {
        count = 1
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "`https://${each.value.host}${each.value.path}` does not answer ${each.value.status}. Runbook: ${each.value.runbook}"
  }

  alert_strategy {
    auto_close = "86400s"
  }
}

resource "google_monitoring_alert_policy" "certificate" {
  for_each = var.checks

  project               = var.project
  display_name          = "The certificate of ${each.value.host} ends soon"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = [for channel in google_monitoring_notification_channel.this : channel.id]
  user_labels           = var.labels

  conditions {
    display_name = "Less than ${local.certificate_days} days left: it should have been renewed by now"

    condition_threshold {
      filter          = "metric.type=\"monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires\" AND resource.type=\"uptime_url\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.this[each.key].uptime_check_id}\""
      comparison      = "COMPARISON_LT"
      threshold_value = local.certificate_days
      duration        = "600s"

      aggregations {
        alignment_period     = "1200s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_MEAN"
        group_by_fields      = ["resource.label.host"]
      }

      trigger {
        count = 1
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "It is renewed long before, if the record of the DNS authorization is still there. Runbook: ${each.value.runbook}"
  }
}
