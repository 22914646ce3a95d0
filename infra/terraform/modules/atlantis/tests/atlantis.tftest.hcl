mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = { name = "projects/airpay-devops/serviceAccounts/a@airpay-devops.iam.gserviceaccount.com", member = "serviceAccount:a@airpay-devops.iam.gserviceaccount.com", email = "a@airpay-devops.iam.gserviceaccount.com" }
  }
}

override_resource {
  target          = module.broker.google_service_account.this
  override_during = plan
  values = {
    name   = "projects/airpay-devops/serviceAccounts/atlantis@airpay-devops.iam.gserviceaccount.com"
    email  = "atlantis@airpay-devops.iam.gserviceaccount.com"
    member = "serviceAccount:atlantis@airpay-devops.iam.gserviceaccount.com"
  }
}
override_resource {
  target          = module.drift_check.google_service_account.this
  override_during = plan
  values = {
    name   = "projects/airpay-devops/serviceAccounts/drift-check@airpay-devops.iam.gserviceaccount.com"
    email  = "drift-check@airpay-devops.iam.gserviceaccount.com"
    member = "serviceAccount:drift-check@airpay-devops.iam.gserviceaccount.com"
  }
}
override_resource {
  target          = google_service_account.deployer["dev"]
  override_during = plan
  values          = { name = "deployer-dev", member = "serviceAccount:deployer-dev@airpay-payments-dev.iam.gserviceaccount.com", email = "deployer-dev@airpay-payments-dev.iam.gserviceaccount.com" }
}
override_resource {
  target          = google_service_account.deployer["prod"]
  override_during = plan
  values          = { name = "deployer-prod", member = "serviceAccount:deployer-prod@airpay-payments-prod.iam.gserviceaccount.com", email = "deployer-prod@airpay-payments-prod.iam.gserviceaccount.com" }
}
override_resource {
  target          = google_service_account.planner["prod"]
  override_during = plan
  values          = { name = "planner-prod", member = "serviceAccount:planner-prod@airpay-payments-prod.iam.gserviceaccount.com", email = "planner-prod@airpay-payments-prod.iam.gserviceaccount.com" }
}

variables {
  project       = "airpay-devops"
  workload_pool = "airpay-devops.svc.id.goog"
  state_bucket  = "airpay-terraform-state"
  environments = {
    hub  = { home = "airpay-devops", projects = ["airpay-devops"], state_prefixes = ["devops/"], extra_roles = ["roles/artifactregistry.admin", "roles/binaryauthorization.policyEditor", "roles/cloudsql.admin"] }
    dev  = { home = "airpay-payments-dev", projects = ["airpay-payments-dev"], state_prefixes = ["payments/dev/"], reads = ["hub"] }
    prod = { home = "airpay-payments-prod", projects = ["airpay-payments-prod"], state_prefixes = ["payments/production/"], reads = ["hub"] }
  }
}

run "prod_has_no_rights_in_dev_and_dev_none_in_prod" {
  command = plan

  assert {
    condition = alltrue([for grant in concat(values(google_project_iam_member.deployer), values(google_project_iam_member.deployer_custom), values(google_project_iam_member.deployer_grants)) :
      grant.member != "serviceAccount:deployer-prod@airpay-payments-prod.iam.gserviceaccount.com" || grant.project == "airpay-payments-prod"
    ])
    error_message = "deployer-prod works in the prod project and nowhere else."
  }

  assert {
    condition = alltrue([for grant in concat(values(google_project_iam_member.deployer), values(google_project_iam_member.deployer_custom), values(google_project_iam_member.deployer_grants)) :
      grant.member != "serviceAccount:deployer-dev@airpay-payments-dev.iam.gserviceaccount.com" || grant.project == "airpay-payments-dev"
    ])
    error_message = "deployer-dev works in the dev project and nowhere else."
  }

  assert {
    condition = anytrue([for grant in google_project_iam_member.deployer :
      grant.member == "serviceAccount:deployer-prod@airpay-payments-prod.iam.gserviceaccount.com" && grant.project == "airpay-payments-prod" && grant.role == "roles/container.clusterAdmin"
    ])
    error_message = "And there it does have rights: prod is managed."
  }
}

run "nobody_is_cluster_admin_owner_or_editor" {
  command = plan

  assert {
    condition = length(setintersection(
      [for grant in concat(values(google_project_iam_member.deployer), values(google_project_iam_member.planner)) : grant.role],
      ["roles/owner", "roles/editor", "roles/viewer", "roles/container.admin", "roles/container.developer", "roles/secretmanager.admin", "roles/secretmanager.secretAccessor", "roles/cloudkms.admin", "roles/storage.admin", "roles/iam.serviceAccountKeyAdmin"],
    )) == 0
    error_message = "No basic role, no rights inside clusters, no reading of secrets, no destroying of keys."
  }

  assert {
    condition = alltrue([for role in google_project_iam_custom_role.deployer : alltrue([for permission in role.permissions :
      !contains(["secretmanager.versions.access", "cloudkms.cryptoKeyVersions.destroy", "cloudkms.cryptoKeyVersions.useToDecrypt", "storage.buckets.delete", "storage.objects.get"], permission) && !endswith(permission, ".delete")
    ])])
    error_message = "The role of our own deletes nothing and reads no secret."
  }
}

run "a_deployer_makes_what_a_service_s_root_has" {
  command = plan

  assert {
    condition = alltrue([for pair in ["dev/airpay-payments-dev", "prod/airpay-payments-prod"] : length(setsubtract([
      "artifactregistry.repositories.create", "artifactregistry.repositories.get", "artifactregistry.repositories.getIamPolicy",
      "artifactregistry.repositories.setIamPolicy", "artifactregistry.repositories.update",
      "secretmanager.secrets.create", "secretmanager.secrets.get", "secretmanager.secrets.getIamPolicy", "secretmanager.secrets.setIamPolicy", "secretmanager.secrets.update",
    ], google_project_iam_custom_role.deployer[pair].permissions)) == 0])
    error_message = "The repository of its images and its secret, each with its readers, in dev as in prod."
  }

  assert {
    condition     = alltrue([for pair in ["dev/airpay-payments-dev", "prod/airpay-payments-prod"] : length(setsubtract(["roles/iam.serviceAccountAdmin", "roles/monitoring.editor"], [for key, grant in google_project_iam_member.deployer : grant.role if startswith(key, "${pair}/")])) == 0])
    error_message = "The account of its pods and the uptime check."
  }

  assert {
    condition = alltrue([for role in google_project_iam_custom_role.deployer : length([for permission in role.permissions : permission
      if startswith(permission, "artifactregistry.") && !contains(["create", "get", "getIamPolicy", "list", "setIamPolicy", "update"], trimprefix(permission, "artifactregistry.repositories."))
    ]) == 0])
    error_message = "And of the registry no more: it pushes no image, deletes none and moves none."
  }
}

# Google makes two things of one alert, and asks for a right to each.
run "a_deployer_makes_an_alert_on_a_log" {
  command = plan

  assert {
    condition     = alltrue([for right in ["create", "get", "list", "update"] : contains(google_project_iam_custom_role.deployer["hub/airpay-devops"].permissions, "logging.notificationRules.${right}")])
    error_message = "The alert of the bastion is applied by the hub's deployer."
  }
}

run "a_deployer_cannot_make_itself_owner" {
  command = plan

  assert {
    condition = alltrue([for grant in google_project_iam_member.deployer_grants :
      startswith(grant.condition[0].expression, "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/artifactregistry.reader'") &&
      !strcontains(grant.condition[0].expression, "owner") && !strcontains(grant.condition[0].expression, "Admin") && !strcontains(grant.condition[0].expression, "admin") && length(split(",", grant.condition[0].expression)) <= 11
    ])
    error_message = "It grants roles of a list of ten at most, none of which grants roles."
  }
}

run "a_planner_only_reads" {
  command = plan

  assert {
    condition = alltrue([for grant in google_project_iam_member.planner :
      grant.role == "roles/browser" || grant.role == "roles/iam.securityReviewer" || endswith(grant.role, "iewer") || endswith(grant.role, ".reader")
    ])
    error_message = "Viewers and readers."
  }

  assert {
    condition = alltrue([for grant in google_storage_bucket_iam_member.reads : grant.role == "roles/storage.objectViewer"]) && alltrue([
      for grant in google_storage_bucket_iam_member.deployer_writes : grant.member != "serviceAccount:planner-prod@airpay-payments-prod.iam.gserviceaccount.com"
    ])
    error_message = "It reads states and writes none."
  }

  assert {
    condition     = google_storage_bucket_iam_member.planner_locks["prod"].condition[0].expression == "(resource.name.startsWith(\"projects/_/buckets/airpay-terraform-state/objects/payments/production/\") && resource.name.endsWith(\".tflock\"))"
    error_message = "It locks what it plans, and of its own states only: without the lock a plan is refused."
  }
}

run "a_planner_sees_what_its_deployer_makes" {
  command = plan

  assert {
    condition     = alltrue([for grant in ["hub/airpay-devops/roles/cloudsql.viewer", "hub/airpay-devops/roles/binaryauthorization.policyViewer"] : contains(keys(google_project_iam_member.planner), grant)])
    error_message = "A plan begins with reading the database and the policy that are there."
  }

  assert {
    condition     = !contains(keys(google_project_iam_member.planner), "prod/airpay-payments-prod/roles/cloudsql.viewer")
    error_message = "And nothing that its environment has not."
  }
}

run "each_environment_writes_its_own_states_only" {
  command = plan

  assert {
    condition     = google_storage_bucket_iam_member.deployer_writes["prod"].condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/airpay-terraform-state/objects/payments/production/\")"
    error_message = "prod writes below payments/production/."
  }

  assert {
    condition     = google_storage_bucket_iam_member.reads["planner/prod"].condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/airpay-terraform-state/objects/devops/\") || resource.name.startsWith(\"projects/_/buckets/airpay-terraform-state/objects/payments/production/\")"
    error_message = "prod reads its own states and the hub's, and not dev's."
  }
}

run "only_the_broker_becomes_a_deployer" {
  command = plan

  assert {
    condition = alltrue([for binding in values(google_service_account_iam_binding.deployer) :
      binding.role == "roles/iam.serviceAccountTokenCreator" && binding.members == toset(["serviceAccount:atlantis@airpay-devops.iam.gserviceaccount.com"])
    ])
    error_message = "The broker alone, by a binding that removes anybody else: not the account of Ansible, not people."
  }

  assert {
    condition     = output.deployers == { hub = "a@airpay-devops.iam.gserviceaccount.com", dev = "deployer-dev@airpay-payments-dev.iam.gserviceaccount.com", prod = "deployer-prod@airpay-payments-prod.iam.gserviceaccount.com" }
    error_message = "Each environment has its own: prod is not dev a second time."
  }
}

run "the_drift_check_becomes_planners_and_nobody_else" {
  command = plan

  assert {
    condition = toset(keys(google_service_account_iam_binding.planner)) == toset(keys(var.environments)) && alltrue([for binding in values(google_service_account_iam_binding.planner) :
      binding.role == "roles/iam.serviceAccountTokenCreator" && binding.members == toset(["serviceAccount:atlantis@airpay-devops.iam.gserviceaccount.com", "serviceAccount:drift-check@airpay-devops.iam.gserviceaccount.com"])
    ])
    error_message = "Of each environment, beside the broker, by a binding that removes anybody else."
  }

  assert {
    condition     = !anytrue([for binding in values(google_service_account_iam_binding.deployer) : anytrue([for member in binding.members : strcontains(member, "drift-check")])])
    error_message = "It applies nothing: of no deployer."
  }

  assert {
    condition = !anytrue([for grant in concat(
      [for one in values(google_project_iam_member.planner) : one.member],
      [for one in values(google_project_iam_member.deployer) : one.member],
      [for one in values(google_storage_bucket_iam_member.reads) : one.member],
      [for one in values(google_storage_bucket_iam_member.lists) : one.member],
    ) : strcontains(grant, "drift-check")]) && length(module.drift_check.email) > 0
    error_message = "And it has no right of its own, in a project or in the states."
  }
}

run "people_who_plan_become_planners_and_no_deployer" {
  command = plan
  variables {
    plan_groups = ["group:platform@airpay.example"]
  }

  assert {
    condition = alltrue([for binding in values(google_service_account_iam_binding.planner) :
      binding.members == toset(["serviceAccount:atlantis@airpay-devops.iam.gserviceaccount.com", "serviceAccount:drift-check@airpay-devops.iam.gserviceaccount.com", "group:platform@airpay.example"])
    ])
    error_message = "make plan becomes the planner of each environment."
  }

  assert {
    condition     = alltrue([for binding in values(google_service_account_iam_binding.deployer) : binding.members == toset(["serviceAccount:atlantis@airpay-devops.iam.gserviceaccount.com"])])
    error_message = "And nobody but the broker becomes a deployer."
  }
}

run "refuses_a_person_who_plans" {
  command = plan
  variables {
    plan_groups = ["user:somebody@airpay.example"]
  }
  expect_failures = [var.plan_groups]
}

run "refuses_everybody_who_plans" {
  command = plan
  variables {
    plan_groups = ["allAuthenticatedUsers"]
  }
  expect_failures = [var.plan_groups]
}

run "refuses_the_drift_check_in_the_namespace_of_atlantis" {
  command = plan
  variables {
    drift_check = { namespace = "atlantis", service_account = "drift-check" }
  }
  expect_failures = [var.drift_check]
}

run "refuses_a_project_in_two_environments" {
  command = plan
  variables {
    environments = {
      dev  = { home = "airpay-payments-dev", projects = ["airpay-payments-dev"], state_prefixes = ["payments/dev/"] }
      prod = { home = "airpay-payments-dev", projects = ["airpay-payments-dev"], state_prefixes = ["payments/production/"] }
    }
  }
  expect_failures = [var.environments]
}

run "refuses_a_prefix_within_anothers" {
  command = plan
  variables {
    environments = {
      dev  = { home = "airpay-payments-dev", projects = ["airpay-payments-dev"], state_prefixes = ["payments/"] }
      prod = { home = "airpay-payments-prod", projects = ["airpay-payments-prod"], state_prefixes = ["payments/production/"] }
    }
  }
  expect_failures = [var.environments]
}

run "refuses_a_prefix_without_an_end" {
  command = plan
  variables {
    environments = { dev = { home = "airpay-payments-dev", projects = ["airpay-payments-dev"], state_prefixes = ["pay"] } }
  }
  expect_failures = [var.environments]
}

run "refuses_rights_inside_clusters" {
  command = plan
  variables {
    environments = { dev = { home = "airpay-payments-dev", projects = ["airpay-payments-dev"], state_prefixes = ["payments/dev/"], extra_roles = ["roles/container.admin"] } }
  }
  expect_failures = [var.environments]
}

run "refuses_a_home_elsewhere" {
  command = plan
  variables {
    environments = { dev = { home = "airpay-devops", projects = ["airpay-payments-dev"], state_prefixes = ["payments/dev/"] } }
  }
  expect_failures = [var.environments]
}
