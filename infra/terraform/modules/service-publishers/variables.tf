variable "project" {
  description = "Id of the project that the pool lives in: the hub's."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "issuer" {
  description = "Who vouches for the pipelines' tokens: the issuer of `signing` in estate.yaml."
  type        = string

  validation {
    condition     = can(regex("^https://[a-z0-9.-]+(/[A-Za-z0-9._/-]*)?$", var.issuer))
    error_message = "issuer is an https:// URL."
  }
}

variable "organization" {
  description = "Organisation that owns the repositories (git of estate.yaml)."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,37}[a-z0-9])?$", var.organization))
    error_message = "organization is a name as the git host has it: lower-case letters, digits and hyphens, no wildcard."
  }
}
