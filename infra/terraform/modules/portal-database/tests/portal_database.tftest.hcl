mock_provider "google" {
  mock_resource "google_sql_database_instance" {
    defaults = {
      dns_name                    = "1a2b3c.4d5e6f.europe-north1.sql.goog."
      psc_service_attachment_link = "projects/p/regions/europe-north1/serviceAttachments/a-1"
    }
  }
  mock_resource "google_compute_address" {
    defaults = { id = "projects/airpay-devops/regions/europe-north1/addresses/portal-database" }
  }
}

variables {
  project           = "airpay-devops"
  location          = "europe-north1"
  payment_locations = ["europe-west1", "europe-west4"]
  backup_location   = "europe-west4"
  allowed_locations = ["europe-west1", "europe-west4", "europe-north1"]
  network           = "projects/airpay-devops/global/networks/devops"
  subnetwork        = "projects/airpay-devops/regions/europe-north1/subnetworks/devops-hub-database"
  address           = "10.0.16.10"
  kms_key           = "projects/airpay-devops/locations/europe-north1/keyRings/devops-hub/cryptoKeys/disks"
  labels = {
    team        = "platform", product = "portal", system = "portal", component = "portal", environment = "production", region = "hub",
    cost-center = "cc-5100", data-class = "internal", residency = "eu", tier = "1"
  }
}

run "survives_a_zone_and_is_not_on_the_internet" {
  assert {
    condition     = google_sql_database_instance.portal.settings[0].availability_type == "REGIONAL"
    error_message = "One zone may be lost."
  }

  assert {
    condition     = !google_sql_database_instance.portal.settings[0].ip_configuration[0].ipv4_enabled && google_sql_database_instance.portal.settings[0].ip_configuration[0].ssl_mode == "ENCRYPTED_ONLY"
    error_message = "No public address, and nothing in the clear."
  }

  assert {
    condition     = tolist(tolist(google_sql_database_instance.portal.settings[0].ip_configuration[0].psc_config)[0].allowed_consumer_projects) == tolist(["airpay-devops"])
    error_message = "The hub's project alone may connect."
  }

  assert {
    condition     = google_sql_database_instance.portal.encryption_key_name == var.kms_key
    error_message = "The disk must be encrypted with our key."
  }

  assert {
    condition     = google_dns_record_set.portal.name == google_sql_database_instance.portal.dns_name && google_dns_record_set.portal.rrdatas == tolist(["10.0.16.10"])
    error_message = "The name in the certificate must lead to the endpoint."
  }
}

run "can_be_restored_and_not_be_deleted_by_mistake" {
  assert {
    condition     = google_sql_database_instance.portal.deletion_protection && google_sql_database_instance.portal.settings[0].deletion_protection_enabled
    error_message = "Terraform and the API must both refuse to delete it."
  }

  assert {
    condition     = google_sql_database_instance.portal.settings[0].backup_configuration[0].point_in_time_recovery_enabled && google_sql_database_instance.portal.settings[0].backup_configuration[0].location == "europe-west4"
    error_message = "Backups lie in another region, to any moment of the last seven days."
  }
}

run "not_in_a_region_that_payments_run_in" {
  command = plan

  variables {
    location        = "europe-west1"
    backup_location = "europe-west4"
    kms_key         = "projects/airpay-devops/locations/europe-west1/keyRings/devops-hub/cryptoKeys/disks"
    subnetwork      = "projects/airpay-devops/regions/europe-west1/subnetworks/devops-hub-database"
  }

  expect_failures = [var.payment_locations]
}

run "backups_are_elsewhere" {
  command = plan

  variables {
    backup_location = "europe-north1"
  }

  expect_failures = [var.backup_location]
}

run "data_stays_in_its_residency_class" {
  command = plan

  variables {
    backup_location = "us-east1"
  }

  expect_failures = [var.allowed_locations]
}

run "shared_core_machines_are_refused" {
  command = plan

  variables {
    tier = "db-f1-micro"
  }

  expect_failures = [var.tier]
}
