variable "project" {
  description = "Project of a payments system that the portal steers."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "portal" {
  description = "The portal's account at Google, as an IAM member."
  type        = string

  validation {
    condition     = can(regex("^serviceAccount:portal@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", var.portal))
    error_message = "The portal's own service account: no person, no group and no other account steers a switch."
  }
}

variable "zone" {
  description = "Name of the public zone whose record says which region has the traffic; null where there is none to move."
  type        = string
  default     = null

  validation {
    condition     = var.zone == null ? true : can(regex("^[a-z][a-z0-9-]{0,62}$", var.zone))
    error_message = "zone is the name of one managed zone: the zones of the databases are not the portal's."
  }
}
