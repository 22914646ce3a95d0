variable "project" {
  description = "Project of the hub."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id is 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "location" {
  description = "Location of the buckets."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "A location is one region, as europe-west1."
  }
}

variable "allowed_locations" {
  description = "Where data of the residency class may be."
  type        = list(string)

  validation {
    condition     = contains(var.allowed_locations, var.location)
    error_message = "Metrics must stay within the residency class."
  }
}

variable "kms_key" {
  description = "Key `buckets` of the location. The agent of Cloud Storage must be allowed to use it first."
  type        = string

  validation {
    condition     = strcontains(var.kms_key, "/locations/${var.location}/")
    error_message = "A bucket's key is of the bucket's location."
  }
}

variable "buckets" {
  description = "Names of the buckets: metrics (Thanos) and documentation (TechDocs)."
  type = object({
    thanos   = string
    techdocs = string
  })
}

variable "writers" {
  description = "Accounts (members) that write each bucket: Thanos, and whoever publishes documentation."
  type = object({
    thanos   = set(string)
    techdocs = set(string)
  })

  validation {
    condition     = alltrue([for member in concat(tolist(var.writers.thanos), tolist(var.writers.techdocs)) : can(regex("^serviceAccount:[^@ ]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", member))])
    error_message = "Service accounts only: no person, and neither allUsers nor allAuthenticatedUsers."
  }
}

variable "readers" {
  description = "Accounts (members) that only read the documentation: the portal."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.readers : can(regex("^serviceAccount:[^@ ]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", member))])
    error_message = "Service accounts only: no person, and neither allUsers nor allAuthenticatedUsers."
  }
}

variable "metrics_retention_days" {
  description = "When a block of metrics goes at the latest. Thanos' compactor removes them as its own retention says (raw 15 d, 5 m 90 d, 1 h 1 y); this is what bounds the bill when it stands still."
  type        = number
  default     = 400

  validation {
    condition     = var.metrics_retention_days > 365 && var.metrics_retention_days <= 800
    error_message = "More than the year that Thanos keeps, and at most 800 days."
  }
}

variable "metrics_address" {
  description = "Address in the hub's network to which every cluster writes its metrics (internalAddresses of the estate)."
  type = object({
    address    = string
    subnetwork = string
  })
}

variable "channels" {
  description = "Who is told: name -> type and where to. Keys of paging services are secrets and are not set here; those are Alertmanager's."
  type = map(object({
    type   = string
    labels = map(string)
  }))

  validation {
    condition     = length(var.channels) > 0 && alltrue([for channel in values(var.channels) : (channel.type == "email" && keys(channel.labels) == tolist(["email_address"])) || (channel.type == "pubsub" && keys(channel.labels) == tolist(["topic"]))])
    error_message = "At least one, each of type email (email_address) or pubsub (topic)."
  }
}

variable "checks" {
  description = "Name -> a page asked for from outside every minute. `status`: what it answers; a 401 proves the way as far as the door."
  type = map(object({
    host    = string
    path    = string
    status  = optional(number, 200)
    runbook = string
  }))

  validation {
    condition     = length(var.checks) > 0 && alltrue([for check in values(var.checks) : startswith(check.path, "/") && check.status >= 200 && check.status < 500])
    error_message = "At least one check, with a path and the status that a healthy service answers."
  }

  validation {
    condition     = alltrue([for check in values(var.checks) : startswith(check.runbook, "https://")])
    error_message = "An alert without a runbook is a riddle."
  }
}

variable "labels" {
  description = "The ten labels that every resource carries."
  type        = map(string)

  validation {
    condition = length(setsubtract(
      ["team", "product", "system", "component", "environment", "region", "cost-center", "data-class", "residency", "tier"],
      keys(var.labels),
    )) == 0
    error_message = "All ten labels are required."
  }

  validation {
    condition     = alltrue([for value in values(var.labels) : can(regex("^[a-z0-9_-]{1,63}$", value))])
    error_message = "A label is 1 to 63 lower case letters, digits, hyphens or underscores."
  }
}
