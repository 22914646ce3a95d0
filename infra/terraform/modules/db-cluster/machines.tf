resource "google_compute_address" "member" {
  for_each = var.members

  project      = var.project
  name         = each.key
  region       = var.location
  address_type = "INTERNAL"
  subnetwork   = var.network.subnetwork
  labels       = var.labels
}

resource "google_compute_disk" "data" {
  for_each = var.members

  project = var.project
  name    = "${each.key}-data"
  zone    = each.value
  type    = "pd-ssd"
  size    = var.data_disk_gb
  labels  = var.labels

  disk_encryption_key {
    kms_key_self_link = var.kms_key
  }

  lifecycle {
    prevent_destroy = true
  }
}

# On a disk of its own: etcd waits for every fsync, and PostgreSQL's checkpoints would have it lose its leader.
resource "google_compute_disk" "etcd" {
  for_each = var.members

  project = var.project
  name    = "${each.key}-etcd"
  zone    = each.value
  type    = "pd-ssd"
  size    = 10
  labels  = var.labels

  disk_encryption_key {
    kms_key_self_link = var.kms_key
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_compute_instance" "member" {
  for_each = var.members

  project      = var.project
  name         = each.key
  hostname     = "${each.key}.${trimsuffix(var.dns.domain, ".")}"
  zone         = each.value
  machine_type = var.machine_type
  tags         = var.network.tags
  # Ansible's inventory (gcp_compute) groups by these.
  labels = merge(var.labels, { role = "postgresql", patroni-scope = var.patroni_scope, region = var.region })

  deletion_protection = var.deletion_protection
  # An apply would stop all members at once. Another machine type comes by replacing one at a time.
  allow_stopping_for_update = false

  boot_disk {
    auto_delete       = true
    device_name       = "boot"
    kms_key_self_link = var.kms_key

    initialize_params {
      image  = var.image
      type   = "pd-balanced"
      size   = 30
      labels = var.labels
    }
  }

  # Seen as /dev/disk/by-id/google-data and google-etcd.
  attached_disk {
    source      = google_compute_disk.data[each.key].id
    device_name = "data"
  }

  attached_disk {
    source      = google_compute_disk.etcd[each.key].id
    device_name = "etcd"
  }

  # Without access_config: no address outside.
  network_interface {
    network    = var.network.network
    subnetwork = var.network.subnetwork
    network_ip = google_compute_address.member[each.key].address
  }

  service_account {
    email  = google_service_account.database.email
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  scheduling {
    on_host_maintenance = "MIGRATE"
    automatic_restart   = true
  }

  # No secret is ever here: metadata is in the state, and every process of the machine can read it.
  metadata = merge(
    {
      enable-oslogin = "TRUE"
      # The project asks for a second factor at each login, and a play (infra/ansible) has nobody to answer: people gave theirs when they signed
      # in to Google, whose proxy is the only way here (ADR 0092).
      enable-oslogin-2fa     = "FALSE"
      block-project-ssh-keys = "TRUE"
      serial-port-enable     = "FALSE"
      backup-bucket          = var.backup_bucket
    },
    var.replication_source == null ? {} : {
      replication-source-host = var.replication_source.host
      replication-source-port = tostring(var.replication_source.port)
    },
  )

  lifecycle {
    ignore_changes = [boot_disk[0].initialize_params[0].image]
  }

  depends_on = [google_project_iam_member.database]
}

# The most often that Google takes snapshots is hourly. Google names them; so the second never collides with the first.
resource "google_compute_resource_policy" "snapshots" {
  project     = var.project
  name        = "patroni-${var.region}-hourly"
  region      = var.location
  description = "Hourly snapshots of the data disks, beside pgBackRest's continuous archive"

  snapshot_schedule_policy {
    schedule {
      hourly_schedule {
        hours_in_cycle = 1
        start_time     = "00:00"
      }
    }

    retention_policy {
      max_retention_days    = var.snapshot_retention_days
      on_source_disk_delete = "KEEP_AUTO_SNAPSHOTS"
    }

    snapshot_properties {
      labels            = var.labels
      storage_locations = [var.location]
      guest_flush       = false
    }
  }
}

resource "google_compute_disk_resource_policy_attachment" "snapshots" {
  for_each = var.members

  project = var.project
  name    = google_compute_resource_policy.snapshots.name
  disk    = google_compute_disk.data[each.key].name
  zone    = each.value
}
