variable "project" {
  description = "Id of the project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "location" {
  description = "Where images are: a region, or europe."
  type        = string

  validation {
    condition     = var.location == "europe" || can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "location is a region, as europe-west1, or europe."
  }
}

variable "repository" {
  description = "Name of the repository of our images."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.repository))
    error_message = "A repository's name is 2 to 63 lower-case letters, digits and hyphens."
  }
}

variable "readers" {
  description = "Accounts (members) that pull images: those of the nodes, and of what looks at signatures."
  type        = set(string)

  validation {
    condition     = alltrue([for member in var.readers : can(regex("^serviceAccount:[^@ ]+@[^@ ]+$", member))])
    error_message = "A reader is serviceAccount:…; never allUsers."
  }
}

variable "writers" {
  description = "Accounts (members) that push images: those of the pipeline. A tag, once pushed, stays as it is."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.writers : can(regex("^(serviceAccount:[^@ ]+@[^@ ]+|principalSet://iam\\.googleapis\\.com/.+)$", member))])
    error_message = "A writer is serviceAccount:… or a principalSet of a workload identity pool."
  }
}

variable "package_readers" {
  description = "Accounts (members) of machines without internet that install Debian packages through here: those of the database machines."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.package_readers : can(regex("^serviceAccount:[^@ ]+@[^@ ]+$", member))])
    error_message = "A reader is serviceAccount:…; never allUsers."
  }
}

variable "kms_key_id" {
  description = "Full id of the key that encrypts what this module stores (projects/…/cryptoKeys/…), from the kms module."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key_id))
    error_message = "kms_key_id is projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}

variable "labels" {
  description = "The ten labels that every resource carries (requiredLabels of estate.yaml), and no others."
  type        = map(string)
  nullable    = false

  validation {
    condition = length(var.labels) == 10 && length(setsubtract(
      ["team", "product", "system", "component", "environment", "region", "cost-center", "data-class", "residency", "tier"],
      keys(var.labels),
    )) == 0
    error_message = "Exactly these labels: team, product, system, component, environment, region, cost-center, data-class, residency, tier."
  }

  validation {
    condition     = alltrue([for value in values(var.labels) : can(regex("^[a-z0-9][a-z0-9_-]{0,62}$", value))])
    error_message = "A label's value is 1 to 63 lower-case letters, digits, hyphens and underscores, and begins with a letter or digit."
  }
}
