variable "project" {
  description = "Id of the project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "project_number" {
  description = "Number of the project; Google's own accounts, which use the keys, are named after it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "project_number is the number of the project, not its id."
  }
}

variable "location" {
  description = "Where the keys are: a region, or europe for what is stored in several. The same as that of the things they encrypt."
  type        = string

  validation {
    condition     = var.location == "europe" || can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "location is a region, as europe-west1, or europe; never global."
  }
}

variable "name" {
  description = "Name of the key ring: <project key>-<region>, as payments-prod-region-a."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,62}$", var.name))
    error_message = "A key ring's name is 1 to 63 lower-case letters, digits and hyphens."
  }
}

variable "keys" {
  description = "Name of the key -> Google services of this project that encrypt with it, and accounts beyond them (members)."
  type = map(object({
    services   = set(string)
    encrypters = optional(set(string), [])
  }))
  default = {
    disks   = { services = ["compute"] }
    cluster = { services = ["container"] }
    buckets = { services = ["storage"] }
    secrets = { services = ["secretmanager", "pubsub"] }
  }

  validation {
    condition = length(var.keys) > 0 && alltrue([for key in values(var.keys) : length(setsubtract(
      key.services,
      ["artifactregistry", "bigquery", "compute", "container", "logging", "pubsub", "secretmanager", "sqladmin", "storage"],
    )) == 0])
    error_message = "services are of: artifactregistry, bigquery, compute, container, logging, pubsub, secretmanager, sqladmin, storage."
  }

  validation {
    condition     = alltrue([for name in keys(var.keys) : can(regex("^[a-z][a-z0-9-]{0,62}$", name))])
    error_message = "A key's name is 1 to 63 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = alltrue(flatten([for key in values(var.keys) : [for member in key.encrypters : startswith(member, "serviceAccount:")]]))
    error_message = "Only service accounts encrypt: people have no use of a key."
  }
}

variable "rotation_days" {
  description = "Days until a key gets a new version. Earlier versions stay and decrypt what they encrypted."
  type        = number
  default     = 90

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 90
    error_message = "A key is rotated at least every 90 days."
  }
}

variable "protection_level" {
  description = "SOFTWARE, or HSM where a rule asks for keys that never leave a hardware module."
  type        = string
  default     = "SOFTWARE"

  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.protection_level)
    error_message = "protection_level is SOFTWARE or HSM."
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
