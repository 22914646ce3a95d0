mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/airpay-payments-prod/serviceAccounts/bastion-region-a@airpay-payments-prod.iam.gserviceaccount.com"
      email  = "bastion-region-a@airpay-payments-prod.iam.gserviceaccount.com"
      member = "serviceAccount:bastion-region-a@airpay-payments-prod.iam.gserviceaccount.com"
    }
  }
}

variables {
  project               = "airpay-payments-prod"
  name                  = "bastion-region-a"
  zone                  = "europe-west1-b"
  network               = "projects/airpay-payments-prod/global/networks/payments-prod"
  subnet                = "projects/airpay-payments-prod/regions/europe-west1/subnetworks/payments-prod-region-a-edge"
  image                 = "projects/airpay-devops/global/images/bastion-2026-11-01"
  kms_key_id            = "projects/airpay-payments-prod/locations/europe-west1/keyRings/payments-prod-region-a/cryptoKeys/disks"
  notification_channels = ["projects/airpay-devops/notificationChannels/1"]
  targets               = { database = { account = "patroni-region-a@airpay-payments-prod.iam.gserviceaccount.com", ports = ["22"] } }
  access = {
    inc-1042 = { member = "user:anna@airpay.example", from = "2199-01-01T08:00:00Z", until = "2199-01-01T12:00:00Z", reason = "Look at the replication slots.", break_glass = false }
    inc-1043 = { member = "group:database@airpay.example", from = "2199-01-01T08:00:00Z", until = "2199-01-01T10:00:00Z", reason = "Region switch by hand.", break_glass = true }
    inc-0900 = { member = "user:anna@airpay.example", from = "2020-01-01T08:00:00Z", until = "2020-01-01T12:00:00Z", reason = "Long over and done." }
  }
  labels = {
    team        = "platform", product = "portal", system = "platform", component = "bastion", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "has_no_address_of_the_internet_and_one_way_in" {
  command = plan

  assert {
    condition     = alltrue([for interface in google_compute_instance.this[0].network_interface : length(interface.access_config) == 0])
    error_message = "No public address."
  }

  assert {
    condition     = google_compute_firewall.tunnel[0].source_ranges == toset(["35.235.240.0/20"]) && google_compute_firewall.tunnel[0].target_service_accounts == toset(["bastion-region-a@airpay-payments-prod.iam.gserviceaccount.com"])
    error_message = "SSH from the Identity-Aware Proxy, to this machine alone."
  }

  assert {
    condition = (
      google_compute_instance.this[0].shielded_instance_config[0].enable_secure_boot &&
      google_compute_instance.this[0].metadata["enable-oslogin"] == "TRUE" &&
      google_compute_instance.this[0].metadata["enable-oslogin-2fa"] == "TRUE" &&
      google_compute_instance.this[0].metadata["block-project-ssh-keys"] == "TRUE" &&
      google_compute_instance.this[0].boot_disk[0].kms_key_self_link == var.kms_key_id
    )
    error_message = "Shielded, OS Login with a second factor, our key."
  }

  assert {
    condition     = google_project_iam_member.logs.role == "roles/logging.logWriter"
    error_message = "The machine's account writes logs only."
  }
}

run "access_ends_by_itself" {
  command = plan

  assert {
    condition = alltrue(flatten([for grants in [google_project_iam_member.this, google_iap_tunnel_instance_iam_member.this, google_compute_instance_iam_member.this, google_service_account_iam_member.this] : [
      grants["inc-1042"].condition[0].expression == "request.time >= timestamp(\"2199-01-01T08:00:00Z\") && request.time < timestamp(\"2199-01-01T12:00:00Z\")",
      grants["inc-1042"].condition[0].description == "Look at the replication slots.",
    ]]))
    error_message = "Project, tunnel, login and account each end at the same moment, and say why they were given."
  }

  assert {
    condition     = keys(google_project_iam_member.this) == keys(google_iap_tunnel_instance_iam_member.this) && alltrue([for grant in google_project_iam_member.this : grant.role == "roles/compute.viewer"])
    error_message = "gcloud reads the project before it opens a tunnel; whoever may open one may read it, and no more."
  }
}

run "an_old_request_leaves_nothing_behind" {
  command = plan

  assert {
    condition     = keys(google_iap_tunnel_instance_iam_member.this) == ["inc-1042", "inc-1043"] && keys(output.grants) == ["inc-1042", "inc-1043"]
    error_message = "inc-0900 ran out in 2020."
  }
}

run "root_is_for_emergencies" {
  command = plan

  assert {
    condition     = google_compute_instance_iam_member.this["inc-1042"].role == "roles/compute.osLogin" && google_compute_instance_iam_member.this["inc-1043"].role == "roles/compute.osAdminLogin"
    error_message = "Only a request marked break_glass becomes root."
  }

  assert {
    condition     = startswith(google_iap_tunnel_instance_iam_member.this["inc-1043"].condition[0].title, "break-glass ")
    error_message = "The policy itself says that it was an emergency."
  }
}

run "somebody_hears_of_every_tunnel" {
  command = plan

  assert {
    condition     = google_monitoring_alert_policy.tunnel.notification_channels == tolist(["projects/airpay-devops/notificationChannels/1"]) && strcontains(google_monitoring_alert_policy.tunnel.conditions[0].condition_matched_log[0].filter, "iap.googleapis.com")
    error_message = "An alert for each tunnel that is asked for."
  }
}

run "no_request_no_machine" {
  command = plan

  variables { access = {} }

  assert {
    condition     = length(google_compute_instance.this) == 0 && length(google_compute_firewall.tunnel) == 0 && output.command == null
    error_message = "Without a request there is no machine and no way in."
  }
}

run "refuses_access_for_longer_than_max_hours" {
  command = plan
  variables {
    access = { inc-1 = { member = "user:anna@airpay.example", from = "2199-01-01T08:00:00Z", until = "2199-01-01T17:00:00Z", reason = "Nine hours of it." } }
  }
  expect_failures = [var.access]
}

run "refuses_access_that_ends_before_it_begins" {
  command = plan
  variables {
    access = { inc-1 = { member = "user:anna@airpay.example", from = "2199-01-01T08:00:00Z", until = "2199-01-01T07:00:00Z", reason = "Backwards in time." } }
  }
  expect_failures = [var.access]
}

run "refuses_a_time_without_a_zone" {
  command = plan
  variables {
    access = { inc-1 = { member = "user:anna@airpay.example", from = "2199-01-01 08:00", until = "2199-01-01 09:00", reason = "Whose eight o'clock?" } }
  }
  expect_failures = [var.access]
}

run "refuses_access_without_a_reason" {
  command = plan
  variables {
    access = { inc-1 = { member = "user:anna@airpay.example", from = "2199-01-01T08:00:00Z", until = "2199-01-01T09:00:00Z", reason = "" } }
  }
  expect_failures = [var.access]
}

run "refuses_everybody" {
  command = plan
  variables {
    access = { inc-1 = { member = "allAuthenticatedUsers", from = "2199-01-01T08:00:00Z", until = "2199-01-01T09:00:00Z", reason = "Everybody, for an hour." } }
  }
  expect_failures = [var.access]
}

run "refuses_a_long_day" {
  command = plan
  variables { max_hours = 24 }
  expect_failures = [var.max_hours]
}

run "refuses_that_nobody_hears_of_it" {
  command = plan
  variables { notification_channels = [] }
  expect_failures = [var.notification_channels]
}

run "refuses_a_missing_label" {
  command = plan
  variables {
    labels = {
      team = "platform", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}

run "refuses_an_unknown_label" {
  command = plan
  variables {
    labels = {
      team = "platform", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", costcentre = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}

run "refuses_a_label_value_google_would_refuse" {
  command = plan
  variables {
    labels = {
      team = "Platform Team", product = "portal", system = "platform", component = "x", environment = "production", region = "hub", cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
    }
  }
  expect_failures = [var.labels]
}
