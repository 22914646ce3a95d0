variable "project" {
  description = "Project of the zone."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id is 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "zone" {
  description = "Public zone of the name: its name and domain."
  type = object({
    name   = string
    domain = string
  })
}

variable "host" {
  description = "The one name that payers use, with a dot at its end."
  type        = string

  validation {
    condition     = endswith(var.host, ".${var.zone.domain}")
    error_message = "The name is below the zone's domain."
  }
}

variable "mode" {
  description = "record: a CNAME that recovery runs move. failover-policy: Cloud DNS moves the name by health."
  type        = string
  default     = "record"

  # Neither by nearness nor by weight: both send payers to a region that cannot take payments.
  validation {
    condition     = contains(["record", "failover-policy"], var.mode)
    error_message = "record or failover-policy."
  }
}

variable "regions" {
  description = "The two regions: location, regional name, and for a failover policy the gateway's address."
  type = map(object({
    location = string
    target   = string
    address  = optional(string)
  }))

  validation {
    condition     = length(var.regions) == 2
    error_message = "Two regions: one takes payments, the other stands by."
  }

  validation {
    condition     = alltrue([for region in values(var.regions) : endswith(region.target, ".${var.zone.domain}") && region.target != var.host])
    error_message = "The targets are regional names below the zone's domain."
  }

  validation {
    condition     = var.mode == "record" ? true : alltrue([for region in values(var.regions) : can(cidrhost("${region.address}/32", 0))])
    error_message = "A failover policy answers with addresses: each region needs one."
  }
}

variable "primary" {
  description = "The region that the record is made for, and that a failover policy prefers."
  type        = string

  validation {
    condition     = contains(keys(var.regions), var.primary)
    error_message = "The primary is one of the regions."
  }
}

variable "health" {
  description = "For a failover policy: the path that is 200 where payments are taken, and the three regions that Cloud DNS asks from."
  type = object({
    path           = string
    source_regions = optional(list(string), ["europe-west1", "europe-west4", "europe-north1"])
  })
  default = null

  validation {
    condition     = var.mode == "record" ? true : try(length(distinct(var.health.source_regions)) == 3 && startswith(var.health.path, "/"), false)
    error_message = "A failover policy needs a path to ask for and exactly three regions to ask from."
  }
}
