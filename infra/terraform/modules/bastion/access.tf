# A person needs all four: to read the project, which gcloud does before it opens a tunnel (compute.projects.get; no grant on a machine has it), the
# tunnel, the login, and the right to be on a machine that runs as an account. Each ends by itself.
resource "google_project_iam_member" "this" {
  for_each = local.current

  project = var.project
  role    = "roles/compute.viewer"
  member  = each.value.member

  condition {
    title       = local.condition[each.key].title
    description = local.condition[each.key].description
    expression  = local.condition[each.key].expression
  }
}

resource "google_iap_tunnel_instance_iam_member" "this" {
  for_each = local.current

  project  = var.project
  zone     = var.zone
  instance = google_compute_instance.this[0].name
  role     = "roles/iap.tunnelResourceAccessor"
  member   = each.value.member

  condition {
    title       = local.condition[each.key].title
    description = local.condition[each.key].description
    expression  = local.condition[each.key].expression
  }
}

resource "google_compute_instance_iam_member" "this" {
  for_each = local.current

  project       = var.project
  zone          = var.zone
  instance_name = google_compute_instance.this[0].name
  role          = local.role[each.key]
  member        = each.value.member

  condition {
    title       = local.condition[each.key].title
    description = local.condition[each.key].description
    expression  = local.condition[each.key].expression
  }
}

resource "google_service_account_iam_member" "this" {
  for_each = local.current

  service_account_id = google_service_account.this.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value.member

  condition {
    title       = local.condition[each.key].title
    description = local.condition[each.key].description
    expression  = local.condition[each.key].expression
  }
}

# Stays when the machine is gone: an attempt without a grant is worth hearing of too.
resource "google_monitoring_alert_policy" "tunnel" {
  project               = var.project
  display_name          = "${var.name}: tunnel opened"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.notification_channels
  user_labels           = var.labels

  conditions {
    display_name = "Identity-Aware Proxy was asked for a tunnel"

    condition_matched_log {
      filter = join(" AND ", [
        "log_id(\"cloudaudit.googleapis.com/data_access\")",
        "protoPayload.serviceName=\"iap.googleapis.com\"",
        "protoPayload.methodName=\"AuthorizeUser\"",
        "resource.type=\"gce_instance\"",
      ])

      label_extractors = {
        who = "EXTRACT(protoPayload.authenticationInfo.principalEmail)"
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "300s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Somebody asked for a tunnel to the bastion ${var.name}. Compare the name with the requests in force (output `grants`); if there is none, it is an incident."
  }
}
