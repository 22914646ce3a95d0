# Whether somebody outside reaches the service: DNS, certificate, load balancer and pods in one question. Nothing
# outside can reach dev; a check would only fail there.
resource "google_monitoring_uptime_check_config" "readiness" {
  count = var.environment == "production" ? 1 : 0

  display_name     = "${var.name} answers (${var.region})"
  timeout          = "5s"
  period           = "60s"
  selected_regions = ["EUROPE", "USA_VIRGINIA", "ASIA_PACIFIC"]
  user_labels      = local.labels

  http_check {
    path         = "/readyz"
    port         = 443
    use_ssl      = true
    validate_ssl = true

    accepted_response_status_codes {
      status_value = 200
    }
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = local.project
      host       = "${var.name}.${trimsuffix(local.estate.dns.public.domain, ".")}"
    }
  }
}
