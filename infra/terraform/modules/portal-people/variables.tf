variable "project" {
  description = "Project of the hub."
  type        = string
}

variable "groups" {
  description = "Groups of the identity provider whose members may open what stands behind Identity-Aware Proxy at the hub."
  type        = set(string)

  validation {
    condition     = length(var.groups) > 0 && alltrue([for group in var.groups : can(regex("^[a-z0-9-]+@[a-z0-9.-]+$", group))])
    error_message = "Name groups by their address: no single people, and never allUsers or allAuthenticatedUsers."
  }
}
