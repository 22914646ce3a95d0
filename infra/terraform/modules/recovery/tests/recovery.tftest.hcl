mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project = { id = "airpay-payments-prod", number = "123456789012", key = "payments-prod" }
  site = {
    environment = "production"
    region      = "region-b"
    location    = "europe-west4"
    zones       = ["europe-west4-a", "europe-west4-b", "europe-west4-c"]
    network     = "payments-prod"
    cluster     = "gke-payments-region-b"
    role        = "standby"
    cidrs       = { application = "10.20.0.0/20", database = "10.20.16.0/24", pods = "10.20.128.0/17", controlPlane = "172.16.0.32/28" }
  }
  network = {
    id = "projects/airpay-payments-prod/global/networks/payments-prod"
    subnets = {
      application = { id = "projects/airpay-payments-prod/regions/europe-west4/subnetworks/payments-prod-region-b-application" }
      database    = { id = "projects/airpay-payments-prod/regions/europe-west4/subnetworks/payments-prod-region-b-database" }
    }
    egress_tag = "egress"
  }
  hub_ranges = ["10.0.128.0/17"]
  database = {
    members      = ["pg-b1", "pg-b2", "pg-b3"]
    machineType  = "n2-standard-4"
    dataDiskGb   = 500
    patroniScope = "region-b"
    image        = "projects/airpay-devops/global/images/family/airpay-postgresql-15"
    bucket       = "airpay-archive-pgbackrest-region-b"
    domain       = "region-b.db.airpay.example."
    managed_zone = "db-airpay-example"
  }
  other = {
    region         = "region-a"
    location       = "europe-west1"
    database_range = "10.10.16.0/24"
    replication    = { host = "replication.region-a.db.airpay.example", port = 5433 }
  }
  database_ports = { postgres = 6432, readWrite = 5432, replication = 5433, readOnly = 5434, patroni = 8008, etcdClient = 2379, etcdPeer = 2380, redis = 6379, haproxyHealth = 8010, nodeExporter = 9100 }
  gateway = {
    hosts              = ["ledger.pay.airpay.example", "ledger.region-b.pay.airpay.example"]
    names              = ["ledger.region-b.pay.airpay.example"]
    public_zone        = "pay-airpay-example"
    dns_authorizations = { "ledger.pay.airpay.example" = "x", "ledger.region-b.pay.airpay.example" = "y" }
  }
  identities = {
    ledger-region-b           = { description = "The ledger", namespace = "payments", service_account = "ledger", roles = [] }
    external-secrets-region-b = { description = "Copies secrets into the cluster", namespace = "external-secrets", service_account = "external-secrets", roles = [] }
  }
  secrets        = { payments-ledger-database-url-region-b = { identities = ["external-secrets-region-b"] } }
  security_group = "gke-security-groups@airpay.example"
  labels = {
    team        = "platform", product = "payments", system = "payments", component = "platform", environment = "production", region = "region-b",
    cost-center = "cc-4100", data-class = "confidential", residency = "eu", tier = "0"
  }
}

run "the_pilot_light_has_everything_but_application_nodes" {
  command = plan

  assert {
    condition     = output.application_nodes_per_zone == 0 && !output.application_autoscaled
    error_message = "No nodes for the workloads, and nothing but a recovery run that brings some."
  }

  assert {
    condition     = length(output.database.members) == 3 && output.cluster.name == "gke-payments-region-b" && output.gateway.address_name == "gateway-payments-region-b"
    error_message = "Database of three machines, cluster and gateway are there."
  }
}

run "after_a_switch_that_stays_it_is_the_primary_of_the_same_stack" {
  command = plan

  variables {
    site = {
      environment = "production"
      region      = "region-b"
      location    = "europe-west4"
      zones       = ["europe-west4-a", "europe-west4-b", "europe-west4-c"]
      network     = "payments-prod"
      cluster     = "gke-payments-region-b"
      role        = "primary"
      cidrs       = { application = "10.20.0.0/20", database = "10.20.16.0/24", pods = "10.20.128.0/17", controlPlane = "172.16.0.32/28" }
    }
  }

  assert {
    condition     = output.application_nodes_per_zone == 1 && output.application_autoscaled
    error_message = "Only the role differs."
  }
}

run "its_own_recovery_is_refused" {
  command = plan

  variables {
    other = {
      region         = "region-b"
      location       = "europe-west4"
      database_range = "10.20.16.0/24"
      replication    = { host = "replication.region-b.db.airpay.example", port = 5433 }
    }
  }

  expect_failures = [var.other]
}

run "a_recovery_of_one_database_machine_is_refused" {
  command = plan

  variables {
    database = {
      members      = ["pg-b1"]
      machineType  = "n2-standard-4"
      dataDiskGb   = 500
      patroniScope = "region-b"
      image        = "projects/airpay-devops/global/images/family/airpay-postgresql-15"
      bucket       = "airpay-archive-pgbackrest-region-b"
      domain       = "region-b.db.airpay.example."
      managed_zone = "db-airpay-example"
    }
  }

  expect_failures = [var.database]
}
