locals {
  repository = join("/", slice(split("/", var.workflow), 0, 2))
}

# The pipeline has no key: it shows the token that its host gives to each run, and becomes this account for half an hour.
resource "google_service_account" "publisher" {
  project      = var.project
  account_id   = "publisher"
  display_name = "publisher"
  description  = "Pushes images of ${var.workflow}. May write the registry and nothing else."
}

resource "google_iam_workload_identity_pool" "pipeline" {
  project                   = var.project
  workload_identity_pool_id = "pipeline"
  display_name              = "pipeline"
  description               = "Runs of the repository's workflows"
}

resource "google_iam_workload_identity_pool_provider" "pipeline" {
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.pipeline.workload_identity_pool_id
  workload_identity_pool_provider_id = "repository"
  display_name                       = "repository"
  description                        = "Tokens of ${local.repository}"

  attribute_mapping = {
    "google.subject"     = "assertion.sub"
    "attribute.workflow" = "assertion.job_workflow_ref"
  }

  # The issuer signs for every repository of the world; without this line each of them would be let in.
  attribute_condition = "assertion.repository == \"${local.repository}\" && assertion.job_workflow_ref == \"${var.workflow}\""

  oidc {
    issuer_uri = var.issuer
  }
}

resource "google_service_account_iam_binding" "pipeline" {
  service_account_id = google_service_account.publisher.name
  role               = "roles/iam.workloadIdentityUser"
  members            = ["principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.pipeline.name}/attribute.workflow/${var.workflow}"]
}
