variable "parent" {
  description = "What is logged: organizations/123 or folders/123, with everything below."
  type        = string

  validation {
    condition     = can(regex("^(organizations|folders)/[0-9]+$", var.parent))
    error_message = "parent is organizations/… or folders/…: one project's logs are not the whole story."
  }
}

variable "name" {
  description = "Prefix of the sinks' names."
  type        = string
  default     = "airpay"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,40}$", var.name))
    error_message = "name is at most 41 lower-case letters, digits and hyphens."
  }
}

variable "audit_bucket" {
  description = "Locked bucket for audit logs (archive module, log_buckets.audit)."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.audit_bucket))
    error_message = "A bucket has 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "raw_bucket" {
  description = "Locked bucket for raw logs, kept 7 years (archive module, log_buckets.raw)."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.raw_bucket))
    error_message = "A bucket has 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "raw_filter" {
  description = "Which logs are kept raw beside the audit logs. By default what the payment services write; flow logs would cost more than they tell."
  type        = string
  default     = "resource.type=\"k8s_container\" AND resource.labels.namespace_name=\"payments\""

  validation {
    condition     = length(var.raw_filter) > 0 && length(var.raw_filter) <= 18000
    error_message = "A sink's filter has at most 20,000 characters, and an empty one would take everything."
  }
}
