variable "project" {
  description = "Id of the project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "name" {
  description = "Name of the machine, as bastion-region-a."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{5,27}[a-z0-9]$", var.name))
    error_message = "name is 7 to 29 lower-case letters, digits and hyphens: the machine's account is called the same."
  }
}

variable "zone" {
  description = "Zone of the machine."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", var.zone))
    error_message = "zone is a zone, as europe-west1-b."
  }
}

variable "network" {
  description = "Id of the network (output id of the network module)."
  type        = string

  validation {
    condition     = can(regex("projects/[^/]+/global/networks/[^/]+$", var.network))
    error_message = "network is the id of a network: projects/P/global/networks/N."
  }
}

variable "subnet" {
  description = "Id of the subnet of the machine (edge tier)."
  type        = string

  validation {
    condition     = can(regex("projects/[^/]+/regions/[^/]+/subnetworks/[^/]+$", var.subnet))
    error_message = "subnet is the id of a subnet: projects/P/regions/R/subnetworks/S."
  }
}

variable "image" {
  description = "Image of the machine, pinned: projects/P/global/images/I, no family."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/global/images/[^/]+$", var.image))
    error_message = "image is projects/P/global/images/I: a family would change under us."
  }
}

variable "targets" {
  description = "Name -> account of the machines that can be reached from the bastion, and their ports. None by default."
  type = map(object({
    account = string
    ports   = list(string)
  }))
  default = {}

  validation {
    condition = alltrue([for name, target in var.targets :
      can(regex("^[a-z][a-z0-9-]{0,19}$", name)) && can(regex("^[a-z][a-z0-9-]+@[a-z][a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", target.account)) && length(target.ports) > 0
    ])
    error_message = "A target is the account of machines, and at least one port."
  }
}

variable "max_hours" {
  description = "Longest time one grant may run."
  type        = number
  default     = 8

  validation {
    condition     = var.max_hours >= 1 && var.max_hours <= 12
    error_message = "No grant runs longer than half a day."
  }
}

variable "access" {
  description = "Request's id -> who, from when until when, and why. Outside that time Google refuses; without any request there is no machine."
  type = map(object({
    member      = string
    from        = string
    until       = string
    reason      = string
    break_glass = optional(bool, false)
  }))
  default = {}

  validation {
    condition     = alltrue([for id in keys(var.access) : can(regex("^[a-z0-9][a-z0-9-]{0,40}$", id))])
    error_message = "A request's id is that of the ticket or the incident: at most 41 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = alltrue([for grant in values(var.access) : can(regex("^(user|group):[^@ ]+@[^@ ]+$", grant.member))])
    error_message = "member is user:… or group:…: a service account has no business on a bastion, and allUsers none anywhere."
  }

  validation {
    condition = alltrue([for grant in values(var.access) :
      can(regex("^[0-9-]{10}T[0-9:]{8}Z$", grant.from)) && can(regex("^[0-9-]{10}T[0-9:]{8}Z$", grant.until)) &&
      can(timeadd(grant.from, "0s")) && can(timeadd(grant.until, "0s"))
    ])
    error_message = "from and until are times in UTC, as 2026-11-21T16:00:00Z."
  }

  validation {
    condition = alltrue([for grant in values(var.access) :
      try(timecmp(grant.from, grant.until) < 0 && timecmp(grant.until, timeadd(grant.from, "${var.max_hours}h")) <= 0, false)
    ])
    error_message = "until is after from, by max_hours at most."
  }

  validation {
    condition     = alltrue([for grant in values(var.access) : length(grant.reason) >= 10 && length(grant.reason) <= 200])
    error_message = "A reason has 10 to 200 characters."
  }
}

variable "notification_channels" {
  description = "Channels of Cloud Monitoring that hear of every tunnel that is opened."
  type        = list(string)

  validation {
    condition     = length(var.notification_channels) > 0
    error_message = "Somebody hears of it."
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
