# What reaches the machines. Whatever is not here is refused by the network itself.
locals {
  ingress = merge(
    {
      clients = {
        description = "Workloads of this region, through HAProxy, and their cache."
        ranges      = var.clients.application
        ports       = [var.ports.readWrite, var.ports.replication, var.ports.readOnly, var.ports.redis]
      }
      metrics = {
        description = "The region's collector: node exporter, Patroni, HAProxy."
        ranges      = var.clients.application
        ports       = [var.ports.nodeExporter, var.ports.patroni, var.ports.haproxyHealth]
      }
      probes = {
        description = "Google's health checks ask HAProxy and the cache."
        ranges      = ["35.191.0.0/16", "130.211.0.0/22"]
        ports       = [var.ports.haproxyHealth, var.ports.redis]
      }
      ssh = {
        description = "People, by IAP only."
        ranges      = ["35.235.240.0/20"]
        ports       = [22]
      }
    },
    length(var.clients.hub) == 0 ? {} : {
      hub = {
        description = "The portal asks and directs each member in a region switch."
        ranges      = var.clients.hub
        ports       = [var.ports.readWrite, var.ports.replication, var.ports.readOnly, var.ports.postgres, var.ports.patroni]
      }
    },
    length(var.clients.replicas) == 0 ? {} : {
      replicas = {
        description = "Standby clusters in other regions follow the leader of this one."
        ranges      = var.clients.replicas
        ports       = [var.ports.replication]
      }
    },
  )
}

resource "google_compute_firewall" "ingress" {
  for_each = local.ingress

  project                 = var.project
  name                    = "patroni-${var.region}-${each.key}"
  network                 = var.network.network
  description             = each.value.description
  direction               = "INGRESS"
  source_ranges           = each.value.ranges
  target_service_accounts = [google_service_account.database.email]

  allow {
    protocol = "tcp"
    ports    = [for port in each.value.ports : tostring(port)]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# Among the members, told by who they are and not by where: etcd above all, which decides who leads.
resource "google_compute_firewall" "members" {
  project                 = var.project
  name                    = "patroni-${var.region}-members"
  network                 = var.network.network
  description             = "Members of one cluster: PostgreSQL, Patroni, etcd."
  direction               = "INGRESS"
  source_service_accounts = [google_service_account.database.email]
  target_service_accounts = [google_service_account.database.email]

  allow {
    protocol = "tcp"
    ports    = [for port in [var.ports.postgres, var.ports.patroni, var.ports.etcdClient, var.ports.etcdPeer] : tostring(port)]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
