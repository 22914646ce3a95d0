mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project = { id = "airpay-payments-prod", number = "123456789012", key = "payments-prod" }
  site = {
    environment = "production"
    region      = "region-a"
    location    = "europe-west1"
    zones       = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
    network     = "payments-prod"
    cluster     = "gke-payments-region-a"
    role        = "primary"
    cidrs       = { application = "10.10.0.0/20", database = "10.10.16.0/24", pods = "10.10.128.0/17", controlPlane = "172.16.0.16/28" }
  }
  network = {
    id = "projects/airpay-payments-prod/global/networks/payments-prod"
    subnets = {
      application = { id = "projects/airpay-payments-prod/regions/europe-west1/subnetworks/payments-prod-region-a-application" }
      database    = { id = "projects/airpay-payments-prod/regions/europe-west1/subnetworks/payments-prod-region-a-database" }
    }
    egress_tag = "egress"
  }
  hub_ranges = ["10.0.128.0/17"]
  database = {
    members        = ["pg-a1", "pg-a2", "pg-a3"]
    machineType    = "n2-standard-4"
    dataDiskGb     = 500
    patroniScope   = "region-a"
    image          = "projects/airpay-devops/global/images/family/airpay-postgresql-15"
    bucket         = "airpay-archive-pgbackrest-region-a"
    domain         = "region-a.db.airpay.example."
    managed_zone   = "db-airpay-example"
    replica_ranges = ["10.20.16.0/24"]
  }
  database_ports = { postgres = 6432, readWrite = 5432, replication = 5433, readOnly = 5434, patroni = 8008, etcdClient = 2379, etcdPeer = 2380, redis = 6379, haproxyHealth = 8010, nodeExporter = 9100 }
  gateway = {
    hosts              = ["ledger.pay.airpay.example", "ledger.region-a.pay.airpay.example"]
    names              = ["ledger.region-a.pay.airpay.example"]
    public_zone        = "pay-airpay-example"
    dns_authorizations = { "ledger.pay.airpay.example" = "x", "ledger.region-a.pay.airpay.example" = "y" }
  }
  identities = {
    ledger-region-a           = { description = "The ledger", namespace = "payments", service_account = "ledger", roles = [] }
    external-secrets-region-a = { description = "Copies secrets into the cluster", namespace = "external-secrets", service_account = "external-secrets", roles = [] }
  }
  secrets        = { payments-ledger-database-url-region-a = { identities = ["external-secrets-region-a"] } }
  security_group = "gke-security-groups@airpay.example"
  labels = {
    team        = "platform", product = "payments", system = "payments", component = "platform", environment = "production", region = "region-a",
    cost-center = "cc-4100", data-class = "confidential", residency = "eu", tier = "0"
  }
}

run "the_primary_has_nodes_that_grow_and_follows_nobody" {
  command = plan

  assert {
    condition     = jsonencode(local.application_pool) == jsonencode({ autoscaling = { max_nodes_per_zone = 4, min_nodes_per_zone = 1 }, machine_type = "n2-standard-8", nodes_per_zone = 1 })
    error_message = "The primary's pool starts with nodes and is autoscaled."
  }

  assert {
    condition     = output.database.endpoints["replication"].host == "replication.region-a.db.airpay.example" && output.database.endpoints["replication"].port == 5433
    error_message = "The other region follows from this address."
  }
}

run "everything_has_its_name_from_the_estate" {
  command = plan

  assert {
    condition     = output.gateway.address_name == "gateway-payments-region-a" && output.gateway.certificate_map == "payments-region-a" && output.cluster.name == "gke-payments-region-a"
    error_message = "GitOps finds gateway and cluster by these names."
  }

  assert {
    condition     = toset(keys(output.identities)) == toset(["ledger-region-a", "external-secrets-region-a"]) && keys(output.secrets) == ["payments-ledger-database-url-region-a"]
    error_message = "Identities and secrets are those of the region."
  }

  assert {
    condition     = toset(keys(output.node_accounts)) == toset(["system", "application", "auto"])
    error_message = "Without a workload for it there is no batch pool, and no account of one."
  }
}

run "the_keys_serve_the_template_s_services_too" {
  command = plan

  assert {
    condition     = local.key_ring == "payments-prod-region-a" && toset(keys(local.keys)) == toset(["disks", "cluster", "buckets", "secrets"])
    error_message = "Roots of services find the keys by these names."
  }

  assert {
    condition     = toset(local.keys["buckets"].services) == toset(["artifactregistry", "storage"]) && toset(local.keys["secrets"].services) == toset(["pubsub", "secretmanager"])
    error_message = "A service's image repository and its secret are encrypted with them; without the grant Google refuses to make either."
  }
}

run "a_standby_is_the_same_stack_with_no_application_nodes" {
  command = plan

  variables {
    site = {
      environment = "production"
      region      = "region-a"
      location    = "europe-west1"
      zones       = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
      network     = "payments-prod"
      cluster     = "gke-payments-region-a"
      role        = "standby"
      cidrs       = { application = "10.10.0.0/20", database = "10.10.16.0/24", pods = "10.10.128.0/17", controlPlane = "172.16.0.16/28" }
    }
    database = {
      members            = ["pg-a1", "pg-a2", "pg-a3"]
      machineType        = "n2-standard-4"
      dataDiskGb         = 500
      patroniScope       = "region-a"
      image              = "projects/airpay-devops/global/images/family/airpay-postgresql-15"
      bucket             = "airpay-archive-pgbackrest-region-a"
      domain             = "region-a.db.airpay.example."
      managed_zone       = "db-airpay-example"
      replica_ranges     = ["10.20.16.0/24"]
      replication_source = { host = "replication.region-b.db.airpay.example", port = 5433 }
    }
  }

  assert {
    condition     = local.application_pool.nodes_per_zone == 0 && local.application_pool.autoscaling == null
    error_message = "The pilot light: no nodes, and nothing that brings some but a recovery run."
  }

  assert {
    condition     = length(output.database.members) == 3 && output.gateway.address_name == "gateway-payments-region-a" && length(output.identities) == 2 && length(output.secrets) == 1
    error_message = "A standby has everything else that a primary has."
  }
}

run "a_standby_that_follows_nobody_is_refused" {
  command = plan

  variables {
    site = {
      environment = "production"
      region      = "region-a"
      location    = "europe-west1"
      zones       = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
      network     = "payments-prod"
      cluster     = "gke-payments-region-a"
      role        = "standby"
      cidrs       = { application = "10.10.0.0/20", database = "10.10.16.0/24", pods = "10.10.128.0/17", controlPlane = "172.16.0.16/28" }
    }
  }

  expect_failures = [var.database]
}

run "a_region_with_one_database_machine_is_refused" {
  command = plan

  variables {
    database = {
      members      = ["pg-a1"]
      machineType  = "n2-standard-4"
      dataDiskGb   = 500
      patroniScope = "region-a"
      image        = "projects/airpay-devops/global/images/family/airpay-postgresql-15"
      bucket       = "airpay-archive-pgbackrest-region-a"
      domain       = "region-a.db.airpay.example."
      managed_zone = "db-airpay-example"
    }
  }

  expect_failures = [var.database]
}

run "a_reader_that_does_not_exist_is_refused" {
  command = plan

  variables {
    secrets = { payments-ledger-database-url-region-a = { identities = ["external-secrets-region-b"] } }
  }

  expect_failures = [var.secrets]
}

run "a_third_role_is_refused" {
  command = plan

  variables {
    site = {
      environment = "production"
      region      = "region-a"
      location    = "europe-west1"
      zones       = ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
      network     = "payments-prod"
      cluster     = "gke-payments-region-a"
      role        = "active-active"
      cidrs       = { application = "10.10.0.0/20", database = "10.10.16.0/24", pods = "10.10.128.0/17", controlPlane = "172.16.0.16/28" }
    }
  }

  expect_failures = [var.site]
}
