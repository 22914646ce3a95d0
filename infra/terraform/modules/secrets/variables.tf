variable "project" {
  description = "Id of the project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "location" {
  description = "Google's region, as europe-west1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "location is one region, as europe-west1: neither a zone nor a multi-region."
  }
}

variable "name" {
  description = "Prefix of the topic's name: <network>-<region>."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,60}$", var.name))
    error_message = "name is at most 61 lower-case letters, digits and hyphens."
  }
}

variable "project_number" {
  description = "Number of the project; the account of Secret Manager is named after it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "project_number is the number of the project, not its id."
  }
}

variable "secrets" {
  description = "Id of the secret -> accounts (members) that may read it, and days between rotations. There is no value: people or a rotation put it there."
  type = map(object({
    readers       = set(string)
    rotation_days = optional(number, 90)
  }))

  validation {
    condition     = alltrue([for id in keys(var.secrets) : can(regex("^[a-z][a-z0-9-]{0,254}$", id))])
    error_message = "A secret's id is lower-case letters, digits and hyphens."
  }

  validation {
    condition = alltrue([for secret in values(var.secrets) :
      length(secret.readers) > 0 && alltrue([for member in secret.readers : can(regex("^(serviceAccount:[^@ ]+@[^@ ]+\\.iam\\.gserviceaccount\\.com|group:[^@ ]+@[^@ ]+)$", member))])
    ])
    error_message = "Every secret has readers: service accounts, or a group where people use it (those who run Ansible). Never one person, nor allUsers."
  }

  validation {
    condition     = alltrue([for secret in values(var.secrets) : secret.rotation_days >= 1 && secret.rotation_days <= 365])
    error_message = "A secret is rotated at least once a year."
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
