locals {
  # What has run out is refused by its condition at once; the next plan takes it away for good.
  current = { for id, grant in var.access : id => grant if timecmp(grant.until, plantimestamp()) > 0 }
  open    = length(local.current) > 0

  # In an emergency a person becomes root; otherwise not.
  role = { for id, grant in local.current : id => grant.break_glass ? "roles/compute.osAdminLogin" : "roles/compute.osLogin" }

  condition = { for id, grant in local.current : id => {
    title       = "${grant.break_glass ? "break-glass" : "access"} ${id}"
    description = grant.reason
    expression  = "request.time >= timestamp(\"${grant.from}\") && request.time < timestamp(\"${grant.until}\")"
  } }
}

resource "google_service_account" "this" {
  project      = var.project
  account_id   = var.name
  display_name = var.name
  description  = "May write logs, and nothing else: whoever is on the bastion has these rights too."
}

resource "google_project_iam_member" "logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.this.member
}

# There is a machine only while somebody has asked for one. It holds nothing, so it is not protected against deletion: that is how it goes.
resource "google_compute_instance" "this" {
  count = local.open ? 1 : 0

  project                   = var.project
  zone                      = var.zone
  name                      = var.name
  machine_type              = "e2-small"
  labels                    = var.labels
  deletion_protection       = false
  allow_stopping_for_update = true

  boot_disk {
    kms_key_self_link = var.kms_key_id

    initialize_params {
      image  = var.image
      size   = 20
      type   = "pd-balanced"
      labels = var.labels
    }
  }

  # No access_config: no address of the internet. The way in is Google's Identity-Aware Proxy.
  network_interface {
    subnetwork = var.subnet
  }

  service_account {
    email  = google_service_account.this.email
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  metadata = {
    enable-oslogin         = "TRUE"
    enable-oslogin-2fa     = "TRUE"
    block-project-ssh-keys = "TRUE"
    serial-port-enable     = "FALSE"
  }
}

resource "google_compute_firewall" "tunnel" {
  count = local.open ? 1 : 0

  project                 = var.project
  name                    = "${var.name}-tunnel"
  description             = "SSH from the Identity-Aware Proxy."
  network                 = var.network
  direction               = "INGRESS"
  priority                = 1000
  source_ranges           = ["35.235.240.0/20"]
  target_service_accounts = [google_service_account.this.email]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# From the bastion to the machines it is for, by account: nothing else on the way in is opened.
resource "google_compute_firewall" "onward" {
  for_each = local.open ? var.targets : {}

  project                 = var.project
  name                    = "${var.name}-${each.key}"
  description             = "From the bastion to ${each.value.account}."
  network                 = var.network
  direction               = "INGRESS"
  priority                = 1000
  source_service_accounts = [google_service_account.this.email]
  target_service_accounts = [each.value.account]

  allow {
    protocol = "tcp"
    ports    = each.value.ports
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
