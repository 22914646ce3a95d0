# Atlantis itself may do nothing. For the minutes of one plan or apply it becomes an account of the environment it works on: a planner,
# which only reads, or a deployer. No account has rights in two environments.
module "broker" {
  source = "../workload-identity"

  project         = var.project
  account_id      = "atlantis"
  description     = "Atlantis. May become a deployer or a planner, and has no rights of its own."
  workload_pool   = var.workload_pool
  namespace       = var.namespace
  service_account = var.service_account
}

# The drift check plans main by the clock. It becomes a planner, as the broker does, and never a deployer.
module "drift_check" {
  source = "../workload-identity"

  project         = var.project
  account_id      = "drift-check"
  description     = "Drift check. May become a planner, and has no rights of its own."
  workload_pool   = var.workload_pool
  namespace       = var.drift_check.namespace
  service_account = var.drift_check.service_account
}

resource "google_service_account" "deployer" {
  for_each = var.environments

  project      = each.value.home
  account_id   = "deployer-${each.key}"
  display_name = "deployer-${each.key}"
  description  = "Applies Terraform in ${each.key}, through Atlantis."

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_service_account" "planner" {
  for_each = var.environments

  project      = each.value.home
  account_id   = "planner-${each.key}"
  display_name = "planner-${each.key}"
  description  = "Plans Terraform in ${each.key}, for Atlantis and the drift check: reads only."

  lifecycle {
    prevent_destroy = true
  }
}

# Authoritative: the broker, and nobody else, may become a deployer; a planner also the drift check, and people who plan (make plan).
resource "google_service_account_iam_binding" "deployer" {
  for_each = var.environments

  service_account_id = google_service_account.deployer[each.key].name
  role               = "roles/iam.serviceAccountTokenCreator"
  members            = [module.broker.member]
}

resource "google_service_account_iam_binding" "planner" {
  for_each = var.environments

  service_account_id = google_service_account.planner[each.key].name
  role               = "roles/iam.serviceAccountTokenCreator"
  members            = concat([module.broker.member, module.drift_check.member], tolist(var.plan_groups))
}

# States. Each environment writes below its own prefixes; it reads those of the environments it names.
locals {
  objects = "projects/_/buckets/${var.state_bucket}/objects/"

  own = { for name, environment in var.environments : name => join(" || ", [
    for prefix in sort(tolist(environment.state_prefixes)) : "resource.name.startsWith(\"${local.objects}${prefix}\")"
  ]) }
  # Beside each state, while somebody works on it.
  locks = { for name, environment in var.environments : name => join(" || ", [
    for prefix in sort(tolist(environment.state_prefixes)) : "(resource.name.startsWith(\"${local.objects}${prefix}\") && resource.name.endsWith(\".tflock\"))"
  ]) }
  readable = { for name, environment in var.environments : name => join(" || ", [
    for prefix in sort(flatten(concat(
      [tolist(environment.state_prefixes)],
      [for other in environment.reads : tolist(var.environments[other].state_prefixes)],
    ))) : "resource.name.startsWith(\"${local.objects}${prefix}\")"
  ]) }
}

resource "google_storage_bucket_iam_member" "deployer_writes" {
  for_each = var.environments

  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.deployer[each.key].member

  condition {
    title       = "states of ${each.key}"
    description = "Reads, writes and locks the states of its own environment."
    expression  = local.own[each.key]
  }
}

resource "google_storage_bucket_iam_member" "reads" {
  for_each = merge(
    { for name in keys(var.environments) : "deployer/${name}" => { environment = name, member = google_service_account.deployer[name].member } },
    { for name in keys(var.environments) : "planner/${name}" => { environment = name, member = google_service_account.planner[name].member } },
  )

  bucket = var.state_bucket
  role   = "roles/storage.objectViewer"
  member = each.value.member

  condition {
    title       = "states ${each.value.environment} reads"
    description = "Its own, and those of environments it builds on."
    expression  = local.readable[each.value.environment]
  }
}

# A plan takes the lock of its state, so that it does not read one that an apply is writing. The lock, and not the state.
resource "google_storage_bucket_iam_member" "planner_locks" {
  for_each = var.environments

  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.planner[each.key].member

  condition {
    title       = "locks of ${each.key}"
    description = "Makes and removes the locks of its own states."
    expression  = local.locks[each.key]
  }
}

# `terraform init` lists the bucket. Names of states are no secret; what is in them is read by the rule above.
resource "google_storage_bucket_iam_member" "lists" {
  for_each = merge(
    { for name in keys(var.environments) : "deployer/${name}" => google_service_account.deployer[name].member },
    { for name in keys(var.environments) : "planner/${name}" => google_service_account.planner[name].member },
  )

  bucket = var.state_bucket
  role   = "roles/storage.legacyBucketReader"
  member = each.value
}
