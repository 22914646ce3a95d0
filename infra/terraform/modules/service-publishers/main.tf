# Pipelines of the services that the template makes show the token that their host gives to each run. The token is let in as itself: there is no
# account and no key, and what it may do is said where the images are, for one workflow of one repository (infra/terraform/services).
resource "google_iam_workload_identity_pool" "services" {
  project                   = var.project
  workload_identity_pool_id = "services"
  display_name              = "services"
  description               = "Runs of the pipelines of services"
}

resource "google_iam_workload_identity_pool_provider" "services" {
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.services.workload_identity_pool_id
  workload_identity_pool_provider_id = "repositories"
  display_name                       = "repositories"
  description                        = "Tokens of ci.yml on main, of repositories of ${var.organization}"

  attribute_mapping = {
    "google.subject"     = "assertion.sub"
    "attribute.workflow" = "assertion.job_workflow_ref"
  }

  # The issuer signs for every repository of the world. The workflow is the repository's own: one that is called from another repository
  # would carry the name of that one.
  attribute_condition = join(" && ", [
    "assertion.repository_owner == \"${var.organization}\"",
    "assertion.ref == \"refs/heads/main\"",
    "assertion.job_workflow_ref == assertion.repository + \"/.github/workflows/ci.yml@refs/heads/main\"",
  ])

  oidc {
    issuer_uri = var.issuer
  }
}
