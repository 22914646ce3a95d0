variable "project" {
  type        = string
  description = "Google Cloud project that holds the resources: airpay- and the key of the project, after which its key rings are named."
  nullable    = false

  validation {
    condition     = can(regex("^airpay-[a-z0-9-]{1,22}[a-z0-9]$", var.project))
    error_message = "project must be a project of the platform: airpay- and at most 23 lower-case letters, digits and hyphens."
  }
}

variable "environment" {
  type        = string
  description = "dev or production."
  nullable    = false

  validation {
    condition     = contains(["dev", "production"], var.environment)
    error_message = "environment must be dev or production."
  }
}

variable "region" {
  type        = string
  description = "Region of the payments platform, such as region-a."
  nullable    = false

  validation {
    condition     = can(regex("^region-[a-z]$", var.region))
    error_message = "region must be one of the platform's regions, such as region-a."
  }
}

variable "location" {
  type        = string
  description = "Google Cloud location of that region, such as europe-west1."
  nullable    = false

  validation {
    condition     = can(regex("^europe-[a-z]+[0-9]+$", var.location))
    error_message = "location must be in Europe: the data of this service may not leave it."
  }
}

variable "host" {
  type        = string
  description = "Host name the uptime check calls; null where the service is not reachable from outside."
  default     = null
}
