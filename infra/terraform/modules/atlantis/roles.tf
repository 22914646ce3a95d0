locals {
  # What a deployer does by Google's own roles. container.clusterAdmin manages clusters and cannot touch what runs in them; container.admin
  # would be cluster-admin of each.
  deployer_roles = [
    "roles/certificatemanager.editor",
    "roles/compute.instanceAdmin.v1",
    "roles/compute.loadBalancerAdmin",
    "roles/compute.networkAdmin",
    "roles/compute.securityAdmin",
    "roles/container.clusterAdmin",
    "roles/dns.admin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountUser",
    "roles/monitoring.editor",
    "roles/serviceusage.serviceUsageConsumer",
  ]

  # And what Google's roles would give too much of: secretmanager.admin reads secrets, cloudkms.admin destroys keys, storage.admin reads
  # and deletes what is in buckets, artifactregistry.admin pushes and deletes images. A service of the template has a repository of its own.
  deployer_permissions = [
    "artifactregistry.repositories.create",
    "artifactregistry.repositories.get",
    "artifactregistry.repositories.getIamPolicy",
    "artifactregistry.repositories.list",
    "artifactregistry.repositories.setIamPolicy",
    "artifactregistry.repositories.update",
    "cloudkms.cryptoKeyVersions.get",
    "cloudkms.cryptoKeyVersions.list",
    "cloudkms.cryptoKeys.create",
    "cloudkms.cryptoKeys.get",
    "cloudkms.cryptoKeys.getIamPolicy",
    "cloudkms.cryptoKeys.list",
    "cloudkms.cryptoKeys.setIamPolicy",
    "cloudkms.cryptoKeys.update",
    "cloudkms.keyRings.create",
    "cloudkms.keyRings.get",
    "cloudkms.keyRings.list",
    "iap.tunnelInstances.getIamPolicy",
    "iap.tunnelInstances.setIamPolicy",
    # An alert on what a log says (module bastion) is also a rule of Cloud Logging, which monitoring.editor may not make.
    "logging.notificationRules.create",
    "logging.notificationRules.get",
    "logging.notificationRules.list",
    "logging.notificationRules.update",
    "pubsub.topics.create",
    "pubsub.topics.get",
    "pubsub.topics.getIamPolicy",
    "pubsub.topics.list",
    "pubsub.topics.setIamPolicy",
    "pubsub.topics.update",
    "secretmanager.secrets.create",
    "secretmanager.secrets.get",
    "secretmanager.secrets.getIamPolicy",
    "secretmanager.secrets.list",
    "secretmanager.secrets.setIamPolicy",
    "secretmanager.secrets.update",
    "storage.buckets.create",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "storage.buckets.list",
    "storage.buckets.setIamPolicy",
    "storage.buckets.update",
  ]

  planner_roles = [
    "roles/artifactregistry.reader",
    "roles/browser",
    "roles/certificatemanager.viewer",
    "roles/cloudkms.viewer",
    "roles/compute.viewer",
    "roles/container.clusterViewer",
    "roles/dns.reader",
    "roles/iam.securityReviewer",
    "roles/iam.serviceAccountViewer",
    "roles/monitoring.viewer",
    "roles/pubsub.viewer",
    "roles/secretmanager.viewer",
    "roles/serviceusage.serviceUsageViewer",
    "roles/storage.bucketViewer",
  ]

  # What a deployer makes with a further role, a planner must be able to look at: a plan begins with reading what is there.
  extra_reads = {
    "roles/artifactregistry.admin"           = "roles/artifactregistry.reader"
    "roles/binaryauthorization.policyEditor" = "roles/binaryauthorization.policyViewer"
    "roles/cloudsql.admin"                   = "roles/cloudsql.viewer"
  }

  # Roles a deployer may hand out: those of pods and machines, and one that looks. Ten at most, since a condition takes no more in one list;
  # none of them can hand out roles itself.
  grantable_roles = [
    "roles/artifactregistry.reader",
    "roles/bigquery.jobUser",
    "roles/cloudtrace.agent",
    # Of a person on a bastion, for as long as the grant lasts.
    "roles/compute.viewer",
    "roles/container.clusterViewer",
    "roles/container.defaultNodeServiceAccount",
    "roles/logging.logWriter",
    "roles/monitoring.metricWriter",
    "roles/monitoring.viewer",
  ]

  # Environment and project, never environment and somebody else's project.
  pairs = merge([for name, environment in var.environments : {
    for project in environment.projects : "${name}/${project}" => { environment = name, project = project }
  }]...)
  deployer_grants = merge([for key, pair in local.pairs : {
    for role in concat(local.deployer_roles, tolist(var.environments[pair.environment].extra_roles)) : "${key}/${role}" => merge(pair, { role = role })
  }]...)
  planner_grants = merge([for key, pair in local.pairs : {
    for role in toset(concat(local.planner_roles, [for extra in var.environments[pair.environment].extra_roles : local.extra_reads[extra]])) : "${key}/${role}" => merge(pair, { role = role })
  }]...)
}

resource "google_project_iam_custom_role" "deployer" {
  for_each = local.pairs

  project     = each.value.project
  role_id     = "terraformDeployer"
  title       = "Terraform deployer"
  description = "Makes keys, secrets, buckets, topics and image repositories; reads no secret, destroys no key, deletes no bucket, pushes no image."
  stage       = "GA"
  permissions = local.deployer_permissions
}

resource "google_project_iam_member" "deployer_custom" {
  for_each = local.pairs

  project = each.value.project
  role    = google_project_iam_custom_role.deployer[each.key].name
  member  = google_service_account.deployer[each.value.environment].member
}

resource "google_project_iam_member" "deployer" {
  for_each = local.deployer_grants

  project = each.value.project
  role    = each.value.role
  member  = google_service_account.deployer[each.value.environment].member
}

# A deployer gives roles to pods and machines, and only those of the list: it cannot make itself or anybody else owner.
resource "google_project_iam_member" "deployer_grants" {
  for_each = local.pairs

  project = each.value.project
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.deployer[each.value.environment].member

  condition {
    title       = "roles of pods and machines only"
    description = "Grants and revokes only the roles in the list."
    expression  = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([${join(", ", [for role in local.grantable_roles : "'${role}'"])}])"
  }
}

resource "google_project_iam_member" "planner" {
  for_each = local.planner_grants

  project = each.value.project
  role    = each.value.role
  member  = google_service_account.planner[each.value.environment].member
}
