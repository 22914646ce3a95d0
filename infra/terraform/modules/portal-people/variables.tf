variable "project" {
  description = "Project of the hub."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "groups" {
  description = "Groups of the identity provider whose members may open what stands behind Identity-Aware Proxy at the hub."
  type        = set(string)

  validation {
    condition     = length(var.groups) > 0 && alltrue([for group in var.groups : can(regex("^[a-z0-9-]+@[a-z0-9.-]+$", group))])
    error_message = "Name groups by their address: no single people, and never allUsers or allAuthenticatedUsers."
  }
}
