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

variable "billing_account" {
  description = "Billing account, as 012345-6789AB-CDEF01."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "A billing account is three groups of six hexadecimal digits, in capitals."
  }
}

variable "currency" {
  description = "Currency of the billing account, as its data source says; Google refuses budgets in another one."
  type        = string

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.currency))
    error_message = "A currency has three capitals."
  }
}

variable "budgets" {
  description = "Name -> what the project module gives as its output budget."
  type = map(object({
    project_number = string
    amount         = number
  }))

  validation {
    condition     = length(var.budgets) > 0 && alltrue([for budget in values(var.budgets) : can(regex("^[0-9]+$", budget.project_number)) && budget.amount >= 1 && floor(budget.amount) == budget.amount])
    error_message = "A budget has the number of a project and a whole amount of at least 1."
  }

  validation {
    condition     = alltrue([for name in keys(var.budgets) : can(regex("^[a-z][a-z0-9-]{0,59}$", name))])
    error_message = "A budget's name is at most 60 lower-case letters, digits and hyphens."
  }
}

variable "email" {
  description = "Address that hears when a threshold is passed or forecast."
  type        = string

  validation {
    condition     = can(regex("^[^@: ]+@[^@ ]+$", var.email))
    error_message = "email is one address."
  }
}

variable "dataset" {
  description = "Name of the dataset that the billing export writes to."
  type        = string
  default     = "billing_export"

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.dataset))
    error_message = "A dataset's name has letters, digits and underscores only."
  }
}

variable "readers" {
  description = "Accounts (members) that read the export: the portal's."
  type        = set(string)

  validation {
    condition     = length(var.readers) > 0 && alltrue([for member in var.readers : can(regex("^(serviceAccount|group):[^@ ]+@[^@ ]+$", member))])
    error_message = "A reader is serviceAccount:… or group:…."
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
