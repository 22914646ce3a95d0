terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
    # Of module db-cluster.
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "~> 6.50"
    }
    # Of module kms.
    time = {
      source  = "hashicorp/time"
      version = "~> 0.13"
    }
  }
}
