# The portal's own PostgreSQL: catalog, recovery journal, search. Two machines in two zones of the hub's region, written to both before
# a commit is answered; no address outside the network.
resource "google_sql_database_instance" "portal" {
  project             = var.project
  name                = "portal"
  region              = var.location
  database_version    = "POSTGRES_17"
  encryption_key_name = var.kms_key
  # Both: Terraform and the API refuse.
  deletion_protection = true

  settings {
    edition                     = "ENTERPRISE"
    tier                        = var.tier
    availability_type           = "REGIONAL"
    deletion_protection_enabled = true
    disk_type                   = "PD_SSD"
    disk_size                   = 20
    disk_autoresize             = true
    disk_autoresize_limit       = var.disk_limit_gb
    user_labels                 = var.labels

    ip_configuration {
      ipv4_enabled = false
      ssl_mode     = "ENCRYPTED_ONLY"
      # A certificate whose name can be checked: the portal connects to `dns_name` and refuses any other.
      server_ca_mode = "GOOGLE_MANAGED_CAS_CA"

      psc_config {
        psc_enabled               = true
        allowed_consumer_projects = [var.project]
      }
    }

    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = 7
      start_time                     = "02:00"
      location                       = var.backup_location

      backup_retention_settings {
        retained_backups = 30
      }
    }

    maintenance_window {
      # Sunday 03:00 UTC, a week after it came out.
      day          = 7
      hour         = 3
      update_track = "stable"
    }

    insights_config {
      query_insights_enabled = true
    }

    database_flags {
      name  = "max_connections"
      value = "200"
    }

    database_flags {
      name  = "log_min_duration_statement"
      value = "1000"
    }

    database_flags {
      name  = "cloudsql.enable_pgaudit"
      value = "on"
    }
  }
}

# Where the hub reaches it. Nothing else can: only this project is a consumer.
resource "google_compute_address" "portal" {
  project      = var.project
  name         = "portal-database"
  region       = var.location
  address_type = "INTERNAL"
  subnetwork   = var.subnetwork
  address      = var.address
  labels       = var.labels
}

resource "google_compute_forwarding_rule" "portal" {
  project               = var.project
  name                  = "portal-database"
  region                = var.location
  network               = var.network
  ip_address            = google_compute_address.portal.id
  load_balancing_scheme = ""
  target                = google_sql_database_instance.portal.psc_service_attachment_link
  labels                = var.labels
}

# The name in the certificate, which only this network knows.
resource "google_dns_managed_zone" "portal" {
  project     = var.project
  name        = "portal-database"
  dns_name    = google_sql_database_instance.portal.dns_name
  description = "Name of the portal's database, as its certificate has it."
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = var.network
    }
  }
}

resource "google_dns_record_set" "portal" {
  project      = var.project
  managed_zone = google_dns_managed_zone.portal.name
  name         = google_sql_database_instance.portal.dns_name
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_address.portal.address]
}
