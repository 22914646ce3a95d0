# Thresholds of the month's budget, by what was spent and by what Google forecasts for the month: a forecast tells on the 10th what the
# 31st would show.
locals {
  thresholds = [
    { percent = 0.5, basis = "CURRENT_SPEND" },
    { percent = 0.8, basis = "CURRENT_SPEND" },
    { percent = 1.0, basis = "CURRENT_SPEND" },
    { percent = 1.0, basis = "FORECASTED_SPEND" },
    { percent = 1.2, basis = "FORECASTED_SPEND" },
  ]
}

resource "google_monitoring_notification_channel" "email" {
  project      = var.project
  display_name = "Budgets"
  type         = "email"
  labels       = { email_address = var.email }
  user_labels  = var.labels
}

resource "google_billing_budget" "this" {
  for_each = var.budgets

  billing_account = var.billing_account
  display_name    = each.key

  # Credits are left out: a discount must not hide that a service ran away.
  budget_filter {
    projects               = ["projects/${each.value.project_number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "EXCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount {
      currency_code = var.currency
      units         = tostring(each.value.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = local.thresholds

    content {
      threshold_percent = threshold_rules.value.percent
      spend_basis       = threshold_rules.value.basis
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.email.id]
    disable_default_iam_recipients   = true
  }
}

# Where Cloud Billing writes what each label cost. Google has no API to switch the export on: a person does it once (README).
resource "google_bigquery_dataset" "export" {
  project                    = var.project
  dataset_id                 = var.dataset
  location                   = var.location
  description                = "Detailed billing export, with the labels of every resource and GKE's cost allocation."
  labels                     = var.labels
  delete_contents_on_destroy = false
  max_time_travel_hours      = "168"

  default_encryption_configuration {
    kms_key_name = var.kms_key_id
  }

  lifecycle {
    prevent_destroy = true
    # Cloud Billing adds itself when the export is switched on; readers are below.
    ignore_changes = [access]
  }
}

resource "google_bigquery_dataset_iam_member" "readers" {
  for_each = var.readers

  project    = var.project
  dataset_id = google_bigquery_dataset.export.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value
}

# Reading takes a query, and a query is a job of some project: this one, where its cost is seen.
resource "google_project_iam_member" "jobs" {
  for_each = var.readers

  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = each.value
}
