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
    condition     = local.labels["environment"] == "production" && local.labels["region"] == "access" && contains(keys(local.estate.residency), local.labels["residency"])
    error_message = "What is here says where it is."
  }
}

run "deployments" {
  command = plan

  assert {
    condition     = length(setintersection(local.environments["dev"].projects, local.environments["prod"].projects)) == 0
    error_message = "The deployer of dev has no right in production, nor the reverse."
  }

  assert {
    condition     = !anytrue([for prefix in local.environments["dev"].state_prefixes : anytrue([for other in local.environments["prod"].state_prefixes : startswith(prefix, other) || startswith(other, prefix)])])
    error_message = "The deployer of dev reaches no state of production."
  }

  assert {
    condition     = !anytrue([for environment in values(local.environments) : contains(environment.projects, local.estate.projects["archive"]) || anytrue([for prefix in environment.state_prefixes : startswith("archive/", prefix)])])
    error_message = "Nobody at the hub acts in the archive."
  }
}

run "people_keep_what_is_theirs" {
  command = plan

  assert {
    condition     = !anytrue([for prefix in local.environments["hub"].state_prefixes : anytrue([for other in ["global", "access", "shared"] : startswith("devops/production/${other}/", prefix)])])
    error_message = "The hub's deployer reaches no state that says what it may do."
  }
}

run "the_spokes_may_use_what_the_hub_has_for_them" {
  command = plan

  assert {
    condition     = toset(keys(data.google_project.spoke)) == toset(["dev", "prod"])
    error_message = "Each spoke's deployer binds its zones to the hub's network, and starts machines from the hub's image."
  }

  assert {
    condition     = strcontains(file("../../../../packer/postgresql.pkr.hcl"), "\"projects/${local.project}/locations/${local.estate.sites["hub"].location}/keyRings/devops-hub/cryptoKeys/disks\"")
    error_message = "The key that Packer encrypts the image with is the one that the spokes may read."
  }
}
