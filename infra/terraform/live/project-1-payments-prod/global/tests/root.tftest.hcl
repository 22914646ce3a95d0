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

run "subnets" {
  command = plan

  assert {
    condition = alltrue(flatten([for region, site in local.sites : [
      module.network.subnets[region]["application"].range == site.cidrs.application,
      module.network.subnets[region]["database"].range == site.cidrs.database,
      module.network.subnets[region]["edge"].range == site.cidrs.edge,
    ]]))
    error_message = "Three tiers a site, with the ranges of the estate."
  }

  # Two ranges overlap when the wider one, laid over the other's first address, begins where it does.
  assert {
    condition = alltrue(flatten([
      for a, left in flatten([for site in values(local.estate.sites) : [for name, range in site.cidrs : range if name != "site"]]) : [
        for b, right in flatten([for site in values(local.estate.sites) : [for name, range in site.cidrs : range if name != "site"]]) :
        a == b || tonumber(split("/", left)[1]) > tonumber(split("/", right)[1]) || cidrhost("${split("/", right)[0]}/${split("/", left)[1]}", 0) != cidrhost(left, 0)
      ]
    ]))
    error_message = "No two ranges overlap, over all networks: peered ones with the same addresses cannot talk."
  }

  # Machines without the tag have no way to the internet; the database's never carry it.
  assert {
    condition     = module.network.egress_tag == "egress"
    error_message = "The regions' roots give the nodes this tag by name."
  }
}

run "spokes_see_the_hub_only" {
  command = plan

  assert {
    condition     = length([for peering in local.estate.peerings : peering if peering.spoke == one(toset([for site in values(local.sites) : site.network]))]) == 1
    error_message = "One peering, with the hub."
  }

  assert {
    condition     = !contains([for site in values(local.sites) : site.project], "payments-dev")
    error_message = "No site of another environment is in this network."
  }
}

run "traffic_is_a_record_that_recovery_moves" {
  command = plan

  assert {
    condition     = module.dns.traffic_record.name == "ledger.pay.airpay.example." && module.dns.traffic_record.type == "CNAME" && module.dns.traffic_record.ttl <= 60
    error_message = "One name, a CNAME, forgotten within a minute."
  }

  assert {
    condition     = local.sites[local.primary].role == "primary" && length(local.regional_hosts) == 2
    error_message = "Made for the primary, between two regions."
  }
}

run "limit" {
  command = plan

  assert {
    condition     = module.cloud_armor.name == "payments-edge"
    error_message = "The name that the routes' GCPBackendPolicy gives."
  }
}

run "names_of_the_hub_are_asked_for_there" {
  command = plan

  assert {
    condition = alltrue([for name, zone in module.dns.private_zones : !anytrue([for internal in values(local.estate.internalAddresses) : endswith("${internal.host}.", ".${zone}")])
    || name == local.estate.dns.clusters.name])
    error_message = "One zone answers for the hub's names: a second of them would hide the record."
  }

  assert {
    condition     = contains(keys(module.dns.private_zones), local.estate.dns.clusters.name)
    error_message = "Every cluster of this project writes its metrics to a name of the hub."
  }
}
