variable "project" {
  description = "Project whose clusters ask this policy. A project has one policy for all of them."
  type        = string
}

variable "allowed_images" {
  description = "Where images may come from: patterns of registries of ours. Whatever matches none is refused, whoever asks."
  type        = set(string)

  validation {
    condition     = length(var.allowed_images) > 0 && alltrue([for pattern in var.allowed_images : can(regex("^[a-z0-9-]+-docker\\.pkg\\.dev/airpay-[a-z-]+/[a-z0-9-]+/\\*\\*$", pattern))])
    error_message = "Only whole repositories of our own registries, as europe-docker.pkg.dev/airpay-devops/payments/**. Others' images come through a mirror there."
  }
}

variable "enforcement" {
  description = "What happens to an image from elsewhere. Only logging is for the days before the first enforcement, never for production."
  type        = string
  default     = "ENFORCED_BLOCK_AND_AUDIT_LOG"

  validation {
    condition     = contains(["ENFORCED_BLOCK_AND_AUDIT_LOG", "DRYRUN_AUDIT_LOG_ONLY"], var.enforcement)
    error_message = "ENFORCED_BLOCK_AND_AUDIT_LOG or DRYRUN_AUDIT_LOG_ONLY."
  }

  validation {
    condition     = var.enforcement == "ENFORCED_BLOCK_AND_AUDIT_LOG" || var.environment != "production"
    error_message = "Production enforces."
  }
}

variable "environment" {
  description = "Environment of the project."
  type        = string

  validation {
    condition     = contains(["production", "dev"], var.environment)
    error_message = "production or dev."
  }
}
