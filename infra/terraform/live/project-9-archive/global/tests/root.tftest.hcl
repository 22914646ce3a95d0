mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_organization" {
    defaults = { name = "organizations/111", directory_customer_id = "C01abcdef" }
  }
  mock_data "google_active_folder" {
    defaults = { name = "folders/222" }
  }
  mock_data "google_billing_account" {
    defaults = { id = "0A0A0A-0B0B0B-0C0C0C" }
  }
}

mock_provider "google" {
  alias = "quota"
}

run "labels" {
  command = plan

  assert {
    condition     = toset(keys(local.labels)) == toset(local.estate.requiredLabels)
    error_message = "Exactly the labels that the estate requires."
  }

  assert {
    condition     = alltrue([for value in values(local.labels) : can(regex("^[a-z0-9][a-z0-9_-]{0,62}$", value))])
    error_message = "Values that Google takes."
  }

  assert {
    condition     = local.labels["environment"] == "production" && local.labels["region"] == "global" && contains(keys(local.estate.residency), local.labels["residency"])
    error_message = "What is here says where it is."
  }
}

run "repositories" {
  command = plan

  assert {
    condition     = toset(keys(module.archive.repositories)) == toset(keys(local.estate.databases))
    error_message = "Every database of the estate has a repository here."
  }

  assert {
    condition     = alltrue([for site in keys(local.estate.databases) : module.archive.repositories[site].bucket == local.estate.buckets.backups[site]])
    error_message = "Under the name that the machines write to."
  }

  assert {
    condition     = alltrue([for bucket, days in module.archive.retention_days : days >= 30]) && length(module.archive.retention_days) >= 5
    error_message = "Nothing here can be deleted for a month at least."
  }

  assert {
    condition     = module.archive.retention_days[local.estate.buckets.auditLogs] >= 365 && module.archive.retention_days[local.estate.buckets.rawLogs] >= 2557
    error_message = "Audit logs a year, raw logs seven."
  }

  assert {
    condition     = local.locations["region-a"] == "europe-west1" && toset(keys(local.locations)) == toset([for site in values(local.estate.sites) : site.region])
    error_message = "A region is one place in every environment."
  }
}
