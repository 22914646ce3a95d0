variable "project" {
  description = "Project of a payments system that the portal steers."
  type        = string
}

variable "portal" {
  description = "The portal's account at Google, as an IAM member."
  type        = string

  validation {
    condition     = startswith(var.portal, "serviceAccount:")
    error_message = "The portal is a service account: no person and no group steers a switch by hand."
  }
}

variable "zone" {
  description = "Name of the public zone whose record says which region has the traffic; null where there is none to move."
  type        = string
  default     = null
}
