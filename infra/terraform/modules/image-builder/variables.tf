variable "project" {
  description = "Project where images are built and kept: the hub's."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "group" {
  description = "Address of the group whose people build the image."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+@[a-z0-9.-]+$", var.group))
    error_message = "A group by its address: no single person is named."
  }
}
