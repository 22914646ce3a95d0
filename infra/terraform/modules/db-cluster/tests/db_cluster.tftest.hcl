mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project       = "airpay-payments-prod"
  region        = "region-a"
  location      = "europe-west1"
  members       = { pg-a1 = "europe-west1-b", pg-a2 = "europe-west1-c", pg-a3 = "europe-west1-d" }
  patroni_scope = "region-a"
  machine_type  = "n2-standard-4"
  image         = "projects/airpay-devops/global/images/family/airpay-postgresql-15"
  data_disk_gb  = 500
  network = {
    network    = "projects/airpay-payments-prod/global/networks/payments-prod"
    subnetwork = "projects/airpay-payments-prod/regions/europe-west1/subnetworks/payments-prod-region-a-database"
  }
  clients       = { application = ["10.10.0.0/20", "10.10.128.0/17"], hub = ["10.0.128.0/17"], replicas = ["10.20.16.0/24"] }
  ports         = { postgres = 6432, readWrite = 5432, replication = 5433, readOnly = 5434, patroni = 8008, etcdClient = 2379, etcdPeer = 2380, redis = 6379, haproxyHealth = 8010, nodeExporter = 9100 }
  dns           = { project = "airpay-payments-prod", managed_zone = "db-airpay-example", domain = "region-a.db.airpay.example." }
  kms_key       = "projects/airpay-payments-prod/locations/europe-west1/keyRings/payments-prod-region-a/cryptoKeys/disks"
  backup_bucket = "airpay-archive-pgbackrest-region-a"
  labels = {
    team        = "database", product = "payments", system = "payments", component = "database", environment = "production", region = "region-a",
    cost-center = "cc-4100", data-class = "restricted", residency = "eu", tier = "0"
  }
}

run "three_machines_in_three_zones" {
  command = plan

  assert {
    condition     = jsonencode({ for name, machine in google_compute_instance.member : name => machine.zone }) == jsonencode(var.members)
    error_message = "Each member must be in the zone the estate says."
  }

  assert {
    condition     = length(distinct([for group in google_compute_instance_group.member : group.zone])) == 3
    error_message = "Balancers must find members in every zone."
  }
}

run "no_machine_is_on_the_internet" {
  command = plan

  assert {
    condition     = alltrue([for machine in google_compute_instance.member : length(machine.network_interface[0].access_config) == 0])
    error_message = "No member may have an address outside."
  }

  assert {
    condition     = alltrue([for rule in concat(values(google_compute_firewall.ingress), [google_compute_firewall.members]) : !contains(coalesce(rule.source_ranges, []), "0.0.0.0/0") && rule.direction == "INGRESS"])
    error_message = "Nothing may come from everywhere."
  }
}

run "every_disk_is_encrypted_with_our_key" {
  command = plan

  assert {
    condition = alltrue(concat(
      [for disk in concat(values(google_compute_disk.data), values(google_compute_disk.etcd)) : disk.disk_encryption_key[0].kms_key_self_link == var.kms_key],
      [for machine in google_compute_instance.member : machine.boot_disk[0].kms_key_self_link == var.kms_key],
    ))
    error_message = "Data, etcd and boot disks must all be encrypted with our key."
  }

  assert {
    condition     = alltrue([for disk in google_compute_disk.data : disk.type == "pd-ssd" && disk.size == 500]) && alltrue([for disk in google_compute_disk.etcd : disk.type == "pd-ssd"])
    error_message = "Data and etcd are on SSDs, each on its own."
  }

  assert {
    condition     = alltrue([for machine in google_compute_instance.member : [for disk in machine.attached_disk : disk.device_name] == ["data", "etcd"]])
    error_message = "Ansible mounts the disks by these names."
  }
}

run "machines_are_shielded_and_entered_by_people_with_a_name" {
  command = plan

  assert {
    condition     = alltrue([for machine in google_compute_instance.member : machine.shielded_instance_config[0].enable_secure_boot && machine.shielded_instance_config[0].enable_vtpm && machine.shielded_instance_config[0].enable_integrity_monitoring])
    error_message = "Machines must be shielded."
  }

  assert {
    condition     = alltrue([for machine in google_compute_instance.member : machine.metadata["enable-oslogin"] == "TRUE" && machine.metadata["block-project-ssh-keys"] == "TRUE"])
    error_message = "Only OS Login: keys of the project let in whoever has one."
  }

  assert {
    condition     = alltrue([for machine in google_compute_instance.member : machine.metadata["enable-oslogin-2fa"] == "FALSE"])
    error_message = "Plays log in without anybody to answer for a second factor, which the project's metadata would ask for."
  }

  assert {
    condition     = google_compute_firewall.ingress["ssh"].source_ranges == toset(["35.235.240.0/20"])
    error_message = "SSH comes through IAP only."
  }
}

run "who_reaches_what" {
  command = plan

  assert {
    condition = jsonencode({ for name, rule in google_compute_firewall.ingress : name => { from = sort(rule.source_ranges), to = sort(one(rule.allow).ports) } }) == jsonencode({
      clients  = { from = ["10.10.0.0/20", "10.10.128.0/17"], to = ["5432", "5433", "5434", "6379"] }
      metrics  = { from = ["10.10.0.0/20", "10.10.128.0/17"], to = ["8008", "8010", "9100"] }
      hub      = { from = ["10.0.128.0/17"], to = ["5432", "5433", "5434", "6432", "8008"] }
      replicas = { from = ["10.20.16.0/24"], to = ["5433"] }
      probes   = { from = ["130.211.0.0/22", "35.191.0.0/16"], to = ["6379", "8010"] }
      ssh      = { from = ["35.235.240.0/20"], to = ["22"] }
    })
    error_message = "The rules are exactly these."
  }

  assert {
    condition     = sort(one(google_compute_firewall.members.allow).ports) == tolist(["2379", "2380", "6432", "8008"]) && length(coalesce(google_compute_firewall.members.source_ranges, [])) == 0
    error_message = "etcd is reached by members only, told by their account."
  }

  assert {
    condition     = !anytrue([for rule in google_compute_firewall.ingress : anytrue([for port in one(rule.allow).ports : contains(["2379", "2380"], port)])])
    error_message = "No other rule opens etcd."
  }
}

run "a_service_has_an_address_by_who_leads" {
  command = plan

  assert {
    condition = { for name, check in google_compute_region_health_check.service : name => "${check.http_health_check[0].port}${check.http_health_check[0].request_path}" } == {
      rw          = "8010/read-write"
      replication = "8010/replication"
      ro          = "8010/read-only"
    }
    error_message = "Each balancer asks HAProxy for its own service."
  }

  assert {
    condition     = { for name, rule in google_compute_forwarding_rule.service : name => one(rule.ports) } == { rw = "5432", replication = "5433", ro = "5434" }
    error_message = "Each service has its port."
  }

  assert {
    condition     = alltrue([for rule in google_compute_forwarding_rule.service : rule.load_balancing_scheme == "INTERNAL" && rule.allow_global_access])
    error_message = "Balancers are internal, and the other region and the hub reach them."
  }

  assert {
    condition     = alltrue([for service in google_compute_region_backend_service.service : service.connection_tracking_policy[0].connection_persistence_on_unhealthy_backends == "NEVER_PERSIST" && service.connection_draining_timeout_sec == 30])
    error_message = "A connection does not stay with a machine that is gone."
  }

  assert {
    condition = toset(concat([for record in google_dns_record_set.service : record.name], [for record in google_dns_record_set.member : record.name])) == toset([
      "rw.region-a.db.airpay.example.", "replication.region-a.db.airpay.example.", "ro.region-a.db.airpay.example.",
      "pg-a1.region-a.db.airpay.example.", "pg-a2.region-a.db.airpay.example.", "pg-a3.region-a.db.airpay.example.",
    ])
    error_message = "Services and machines have the names that everybody uses."
  }
}

run "all_clients_use_the_same_cache_while_it_lives" {
  command = plan

  assert {
    condition     = google_compute_region_backend_service.cache.failover_policy[0].failover_ratio == 0 && google_compute_region_backend_service.cache.failover_policy[0].drop_traffic_if_unhealthy
    error_message = "Others take over only when there is nothing else."
  }

  assert {
    condition     = length([for backend in google_compute_region_backend_service.cache.backend : backend if !backend.failover]) == 1
    error_message = "One machine has all connections."
  }

  assert {
    condition     = google_dns_record_set.cache.name == "redis.region-a.db.airpay.example." && one(google_compute_forwarding_rule.cache.ports) == "6379" && google_compute_region_health_check.cache.tcp_health_check[0].port == 6379
    error_message = "The name in the certificate leads to the cache."
  }
}

run "ansible_finds_the_machines_by_their_labels" {
  command = plan

  assert {
    condition     = alltrue([for machine in google_compute_instance.member : machine.labels["role"] == "postgresql" && machine.labels["patroni-scope"] == "region-a" && machine.labels["region"] == "region-a" && machine.labels["cost-center"] == "cc-4100"])
    error_message = "The inventory groups by role, scope and region; cost goes by the ten labels."
  }
}

run "snapshots_come_hourly_under_names_of_their_own_and_stay_in_the_location" {
  command = plan

  assert {
    condition     = google_compute_resource_policy.snapshots.snapshot_schedule_policy[0].schedule[0].hourly_schedule[0].hours_in_cycle == 1
    error_message = "Every hour is the most often Google takes them."
  }

  assert {
    condition     = google_compute_resource_policy.snapshots.snapshot_schedule_policy[0].snapshot_properties[0].storage_locations == toset(["europe-west1"])
    error_message = "Snapshots stay where the data may be."
  }

  assert {
    condition     = length(google_compute_disk_resource_policy_attachment.snapshots) == 3 && google_compute_resource_policy.snapshots.snapshot_schedule_policy[0].retention_policy[0].on_source_disk_delete == "KEEP_AUTO_SNAPSHOTS"
    error_message = "Each data disk has the schedule, and its snapshots outlive it."
  }
}

run "a_primary_follows_nobody" {
  command = plan

  assert {
    condition     = alltrue([for machine in google_compute_instance.member : !contains(keys(machine.metadata), "replication-source-host")])
    error_message = "Only a standby has a source."
  }
}

run "a_standby_follows_the_other_regions_replication_address" {
  command = plan

  variables {
    region             = "region-b"
    location           = "europe-west4"
    members            = { pg-b1 = "europe-west4-a", pg-b2 = "europe-west4-b", pg-b3 = "europe-west4-c" }
    kms_key            = "projects/airpay-payments-prod/locations/europe-west4/keyRings/payments-prod-region-b/cryptoKeys/disks"
    replication_source = { host = "replication.region-a.db.airpay.example", port = 5433 }
  }

  assert {
    condition     = alltrue([for machine in google_compute_instance.member : machine.metadata["replication-source-host"] == "replication.region-a.db.airpay.example" && machine.metadata["replication-source-port"] == "5433"])
    error_message = "All members of the standby cluster know whom they follow."
  }
}

run "a_standby_that_follows_itself_is_refused" {
  command = plan

  variables {
    replication_source = { host = "replication.region-a.db.airpay.example", port = 5433 }
  }

  expect_failures = [var.replication_source]
}

run "a_standby_that_follows_one_machine_is_refused" {
  command = plan

  variables {
    replication_source = { host = "pg-b1.region-b.db.airpay.example", port = 6432 }
  }

  expect_failures = [var.replication_source]
}

run "a_database_of_one_machine_is_refused" {
  command = plan

  variables {
    members = { pg-a1 = "europe-west1-b" }
  }

  expect_failures = [var.members]
}

run "two_machines_in_one_zone_are_refused" {
  command = plan

  variables {
    members = { pg-a1 = "europe-west1-b", pg-a2 = "europe-west1-b", pg-a3 = "europe-west1-d" }
  }

  expect_failures = [var.members]
}

run "clients_from_everywhere_are_refused" {
  command = plan

  variables {
    clients = { application = ["0.0.0.0/0"], hub = [] }
  }

  expect_failures = [var.clients]
}

run "shared_core_machines_are_refused" {
  command = plan

  variables {
    machine_type = "e2-medium"
  }

  expect_failures = [var.machine_type]
}

run "an_image_that_is_not_ours_is_refused" {
  command = plan

  variables {
    image = "projects/debian-cloud/global/images/family/debian-12"
  }

  expect_failures = [var.image]
}

run "production_is_never_unprotected" {
  command = plan

  variables {
    deletion_protection = false
  }

  expect_failures = [var.deletion_protection]
}

run "protected_and_never_stopped_by_an_apply" {
  command = plan

  assert {
    condition     = alltrue([for machine in google_compute_instance.member : machine.deletion_protection && !machine.allow_stopping_for_update])
    error_message = "An apply neither deletes nor stops a member."
  }
}

run "keys_of_another_region_are_refused" {
  command = plan

  variables {
    kms_key = "projects/airpay-payments-prod/locations/europe-west4/keyRings/payments-prod-region-b/cryptoKeys/disks"
  }

  expect_failures = [var.kms_key]
}

run "the_account_writes_logs_and_metrics_and_nothing_else" {
  command = plan

  assert {
    condition     = toset([for grant in google_project_iam_member.database : grant.role]) == toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"])
    error_message = "No role that reads secrets, other machines or the registry."
  }

  assert {
    condition     = google_service_account.database.account_id == "patroni-region-a"
    error_message = "The archive lets this account write to its bucket."
  }
}
