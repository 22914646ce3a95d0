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
    condition     = local.labels["environment"] == "production" && local.labels["region"] == "hub" && contains(keys(local.estate.residency), local.labels["residency"])
    error_message = "What is here says where it is."
  }
}

run "network" {
  command = plan

  assert {
    condition     = toset(keys(local.spokes)) == toset([for peering in local.estate.peerings : peering.spoke])
    error_message = "The hub is peered with every spoke of the estate."
  }

  assert {
    condition     = toset(flatten(values(local.spokes))) == toset([for site in values(local.estate.sites) : site.cidrs.site if site.role != "hub"])
    error_message = "And reaches all of their sites."
  }

  assert {
    condition     = length(module.ha_nat.instances) == 0
    error_message = "The hub goes out by Google's NAT: no machine of ours has an address on the internet."
  }
}

run "identities" {
  command = plan

  assert {
    condition     = !contains(keys(local.identities), "atlantis") && !contains(keys(local.identities), "drift-check") && contains(keys(local.identities), "portal")
    error_message = "The accounts of Atlantis and the drift check are made with what they may become; the others here."
  }

  assert {
    condition     = alltrue([for name, identity in local.identities : length(identity.perRegion ? "${name}-hub" : name) <= 30])
    error_message = "Google takes names of at most 30 characters."
  }
}

run "nobody_is_let_in_by_default" {
  command = plan

  assert {
    condition     = length(module.bastion.grants) == 0 && module.bastion.command == null
    error_message = "access.yaml grants nothing when it is committed: requests come and go by pull request."
  }
}

run "an_image_can_be_built_here" {
  command = plan

  assert {
    condition     = can(regex("tags +=.*\"${one(local.ingress.iap-ssh.target_tags)}\"", file("../../../../packer/postgresql.pkr.hcl")))
    error_message = "The tunnel is let in to the tag of Packer's machine; whatever no rule names is refused."
  }
}

run "the_metrics_have_an_address_of_the_nodes_subnet" {
  command = plan

  # Cut to the subnet's length, both begin at the same address.
  assert {
    condition     = cidrhost("${local.metrics.address}/${split("/", local.site.cidrs.application)[1]}", 0) == cidrhost(local.site.cidrs.application, 0)
    error_message = "Google reserves an internal address in its own subnet only."
  }
}

run "the_portal_is_asked_where_nobody_must_sign_in" {
  command = plan

  assert {
    condition     = can(regex("value: ${replace(local.health, ".", "[.]")}\n +backendRefs:\n +- kind: Service\n +name: portal-health\n", file("../../../../gitops/apps/portal/base/route.yaml")))
    error_message = "Every other path is answered by Identity-Aware Proxy, whether the portal is there or not."
  }
}
