variable "project" {
  description = "Project of the database machines."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "group" {
  description = "Address of the group whose people run the plays."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+@[a-z0-9.-]+$", var.group))
    error_message = "A group by its address: no single person is named."
  }
}

variable "machines" {
  description = "Database machine -> its zone."
  type        = map(string)

  validation {
    condition     = length(var.machines) > 0 && alltrue([for name, zone in var.machines : startswith(name, "pg-") && can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", zone))])
    error_message = "Database machines (pg-…) and zones: nodes of clusters are nobody's to log in to."
  }
}

variable "accounts" {
  description = "Accounts that the machines run as."
  type        = set(string)

  validation {
    condition     = length(var.accounts) > 0 && alltrue([for account in var.accounts : startswith(account, "patroni-") && endswith(account, "@${var.project}.iam.gserviceaccount.com")])
    error_message = "The database machines' accounts of this project (patroni-<region>)."
  }
}
