mock_provider "google" {
  override_during = plan
}

variables {
  parent          = "folders/1234567890"
  residency       = { eu = ["europe-west1", "europe-west4", "europe-north1"], mx = ["northamerica-south1"] }
  residency_class = "eu"
  customer_ids    = ["C01abcdef"]
  organization    = "organizations/123456789012"
}

run "data_stays_in_the_locations_of_its_class" {
  command = plan

  assert {
    condition     = google_org_policy_policy.this["gcp.resourceLocations"].spec[0].rules[0].values[0].allowed_values == tolist(["in:europe-north1-locations", "in:europe-west1-locations", "in:europe-west4-locations"])
    error_message = "The three locations of the class eu, and no group of regions."
  }

  assert {
    condition     = !anytrue([for value in output.allowed_locations : strcontains(value, "northamerica") || value == "in:eu-locations" || strcontains(value, "global")])
    error_message = "A replica in another class's region, or in all of Europe, is refused by Google."
  }
}

run "mexican_data_stays_in_mexico" {
  command = plan

  variables { residency_class = "mx" }

  assert {
    condition     = output.allowed_locations == ["in:northamerica-south1-locations"]
    error_message = "The class mx has one location; a replica in Europe is refused."
  }
}

run "the_hub_may_use_europe_for_its_registry" {
  command = plan

  variables { multi_regions = ["europe"] }

  assert {
    condition     = contains(output.allowed_locations, "europe") && length(output.allowed_locations) == 4
    error_message = "One location of several regions, asked for by name."
  }
}

run "no_keys_no_public_buckets_no_default_network" {
  command = plan

  assert {
    condition = alltrue([for name in [
      "iam.disableServiceAccountKeyCreation", "iam.disableServiceAccountKeyUpload", "iam.automaticIamGrantsForDefaultServiceAccounts",
      "storage.uniformBucketLevelAccess", "storage.publicAccessPrevention", "compute.requireOsLogin", "compute.skipDefaultNetworkCreation", "compute.requireShieldedVm",
    ] : google_org_policy_policy.this[name].spec[0].rules[0].enforce == "TRUE"])
    error_message = "Each is enforced."
  }

  assert {
    condition     = google_org_policy_policy.this["iam.disableServiceAccountKeyCreation"].name == "folders/1234567890/policies/iam.disableServiceAccountKeyCreation"
    error_message = "The name of a policy is its parent and its constraint."
  }
}

run "no_machine_has_an_external_address" {
  command = plan

  assert {
    condition     = google_org_policy_policy.this["compute.vmExternalIpAccess"].spec[0].rules[0].deny_all == "TRUE"
    error_message = "An empty list would allow everything, so all is denied."
  }
}

run "but_the_nat_machines_by_name" {
  command = plan

  variables { external_ip_instances = ["projects/airpay-payments-prod/zones/europe-west1-b/instances/payments-prod-region-a-nat-b"] }

  assert {
    condition = (
      google_org_policy_policy.this["compute.vmExternalIpAccess"].spec[0].rules[0].values[0].allowed_values == tolist(["projects/airpay-payments-prod/zones/europe-west1-b/instances/payments-prod-region-a-nat-b"]) &&
      length(google_org_policy_policy.this["compute.vmExternalIpAccess"].spec[0].rules) == 1
    )
    error_message = "This machine, and no others."
  }
}

run "nothing_is_stored_without_a_key_of_ours" {
  command = plan

  assert {
    condition     = contains(google_org_policy_policy.this["gcp.restrictNonCmekServices"].spec[0].rules[0].values[0].denied_values, "compute.googleapis.com") && contains(google_org_policy_policy.this["gcp.restrictNonCmekServices"].spec[0].rules[0].values[0].denied_values, "storage.googleapis.com")
    error_message = "Disks and buckets without a key are refused."
  }
}

run "rights_are_for_our_people" {
  command = plan

  assert {
    condition     = google_org_policy_policy.this["iam.allowedPolicyMemberDomains"].spec[0].rules[0].values[0].allowed_values == tolist(["C01abcdef", "is:principalSet://iam.googleapis.com/organizations/123456789012"]) && google_org_policy_policy.this["iam.allowedPolicyMemberDomains"].spec[0].inherit_from_parent == false
    error_message = "Our customer id and our organisation's own accounts and pools, and what stands above does not add others."
  }
}

run "refuses_an_unknown_class" {
  command = plan
  variables { residency_class = "us" }
  expect_failures = [var.residency_class]
}

run "refuses_a_group_of_regions_as_location" {
  command = plan
  variables { residency = { eu = ["europe"] } }
  expect_failures = [var.residency]
}

run "refuses_a_location_of_two_classes" {
  command = plan
  variables { residency = { eu = ["europe-west1"], mx = ["europe-west1"] } }
  expect_failures = [var.residency]
}

run "refuses_europe_for_mexican_data" {
  command = plan
  variables {
    residency_class = "mx"
    multi_regions   = ["europe"]
  }
  expect_failures = [var.multi_regions]
}

run "refuses_external_addresses_by_wildcard" {
  command = plan
  variables { external_ip_instances = ["projects/airpay-payments-prod/zones/europe-west1-b/instances/*"] }
  expect_failures = [var.external_ip_instances]
}

run "refuses_buckets_without_a_key" {
  command = plan
  variables { cmek_services = ["compute.googleapis.com"] }
  expect_failures = [var.cmek_services]
}

run "refuses_rights_for_anybody" {
  command = plan
  variables { customer_ids = [] }
  expect_failures = [var.customer_ids]
}

run "refuses_another_kind_of_organisation" {
  command = plan
  variables { organization = "folders/123456789012" }
  expect_failures = [var.organization]
}

run "logs_of_new_projects_stay_in_the_class_too" {
  command = plan

  variables { log_location = "europe-north1" }

  assert {
    condition     = google_logging_folder_settings.this[0].storage_location == "europe-north1" && google_logging_folder_settings.this[0].folder == "1234567890" && length(google_logging_organization_settings.this) == 0
    error_message = "Set on the folder of the policies."
  }
}

run "refuses_logs_elsewhere" {
  command = plan
  variables { log_location = "us-central1" }
  expect_failures = [var.log_location]
}

run "nothing_is_made_before_the_policies_are_known" {
  command = plan

  assert {
    condition     = time_sleep.known.create_duration == "300s" && time_sleep.known.triggers["constraints"] == join(",", output.constraints)
    error_message = "Whoever waits for this module waits until its policies hold, and again when one is added."
  }
}
