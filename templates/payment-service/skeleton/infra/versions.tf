terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # One state per (system, environment, region): `terraform init -backend-config=backends/<environment>-<region>.hcl`.
  backend "gcs" {}
}

provider "google" {
  project        = var.project
  region         = var.location
  default_labels = local.labels
}
