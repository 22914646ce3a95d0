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
    condition     = startswith(var.portal, "serviceAccount:")
    error_message = "The portal is a service account: no person and no group steers a switch by hand."
  }
}
