terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # One state per (service, environment, region); the server says which (infra/gitops/devops-components/atlantis/service.sh).
  backend "gcs" {}
}

# Who acts is decided where Terraform runs: GOOGLE_IMPERSONATE_SERVICE_ACCOUNT is the planner for a plan, the deployer for an apply.
provider "google" {
  project        = local.project
  region         = local.site.location
  default_labels = local.labels
}
