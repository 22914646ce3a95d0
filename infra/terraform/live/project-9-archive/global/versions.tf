terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # One state per (system, environment, region), in backend.hcl; Cloud Storage locks it.
  backend "gcs" {}
}

# Who acts is decided where Terraform runs: GOOGLE_IMPERSONATE_SERVICE_ACCOUNT is the planner for a plan, the deployer for an apply.
provider "google" {
  default_labels = local.labels
}

# People apply this root as themselves, and Google asks a person of which project storagetransfer.googleapis.com is called: 403 without one.
provider "google" {
  alias                 = "quota"
  default_labels        = local.labels
  billing_project       = local.project
  user_project_override = true
}
