# Said by the server, from the name of the repository and of the project in its atlantis.yaml.
variable "name" {
  description = "Name of the service: that of its repository, its namespace and its host."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.name)) && !can(regex("-(infra|gitops)$", var.name))
    error_message = "A service's name is 1 to 40 lower-case letters, digits and hyphens, begins with a letter, and does not end like the repositories of another."
  }
}

variable "environment" {
  description = "dev or production."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "production"], var.environment)
    error_message = "environment is dev or production."
  }
}

variable "region" {
  description = "Region of the payments platform in that environment, such as region-a."
  type        = string
  nullable    = false

  validation {
    condition     = contains(keys(local.sites), "${var.environment}/${var.region}")
    error_message = "The payments platform has no such region in this environment (sites of estate.yaml)."
  }
}

# Said by the repository of the service (service.tfvars): these three, and nothing else.
variable "team" {
  description = "Who owns the service: the group of the catalog."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,62}$", var.team))
    error_message = "team is 1 to 63 lower-case letters, digits and hyphens: it becomes a label."
  }
}

variable "cost_center" {
  description = "Who pays."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,62}$", var.cost_center))
    error_message = "cost_center is 1 to 63 lower-case letters, digits and hyphens: it becomes a label."
  }
}

variable "tier" {
  description = "How much hangs on it: 0 (money stops when it is down) to 3."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["0", "1", "2", "3"], var.tier)
    error_message = "tier is 0, 1, 2 or 3."
  }
}
