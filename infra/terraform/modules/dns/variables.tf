variable "project" {
  description = "Project of the zones."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id is 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "public_zone" {
  description = "Zone on the internet: name and domain. Null: private zones only."
  type = object({
    name   = string
    domain = string
  })
  default = null

  validation {
    condition     = var.public_zone == null ? true : endswith(var.public_zone.domain, ".")
    error_message = "A domain in Cloud DNS ends with a dot."
  }
}

variable "private_zones" {
  description = "Name of a zone -> its domain and the networks that know it (self links). With `asks` it holds nothing itself: that network is asked, which may be of another project."
  type = map(object({
    domain   = string
    networks = set(string)
    asks     = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for zone in values(var.private_zones) : endswith(zone.domain, ".") && length(zone.networks) > 0])
    error_message = "A domain ends with a dot, and a zone that no network knows answers nobody."
  }
}

variable "private_addresses" {
  description = "Names in private zones that lead to one address: <name with dot> -> zone and address."
  type = map(object({
    zone    = string
    address = string
  }))
  default = {}

  validation {
    condition = alltrue([for name, record in var.private_addresses :
      contains(keys(var.private_zones), record.zone) ? endswith(name, ".${var.private_zones[record.zone].domain}") && var.private_zones[record.zone].asks == null && can(cidrhost("${record.address}/32", 0)) : false
    ])
    error_message = "A record is in one of these zones that holds records, below its domain, and leads to an address."
  }
}

variable "addresses" {
  description = "Names in the public zone that always lead to one address: <name with dot> -> address. Regional names are written by module gateway."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, address in var.addresses : var.public_zone == null ? false : endswith(name, ".${var.public_zone.domain}")])
    error_message = "A name is below the public zone's domain."
  }
}

variable "delegations" {
  description = "Zones below the public one that are elsewhere: <name with dot> -> their name servers."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for name, servers in var.delegations : var.public_zone == null ? false : endswith(name, ".${var.public_zone.domain}") && length(servers) >= 2])
    error_message = "A delegation is below the public zone's domain and names two servers at least."
  }
}

variable "authorized_hosts" {
  description = "Host names (without dot) that Google may issue certificates for. They are proven once, here, and every gateway's certificate uses that proof."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for host in var.authorized_hosts : var.public_zone == null ? false : endswith("${host}.", ".${var.public_zone.domain}")])
    error_message = "Only names below the public zone can be proven by a record in it."
  }
}

variable "incident_address" {
  description = "Where an authority reports a request for a certificate that it had to refuse."
  type        = string
  default     = null

  validation {
    condition     = var.public_zone == null ? true : can(regex("^[^@ ]+@[^@ ]+$", coalesce(var.incident_address, "-")))
    error_message = "A public zone names an e-mail address."
  }
}

variable "traffic" {
  description = "The one name that payers use, in the public zone; see module traffic. Null: none."
  type = object({
    host    = string
    mode    = optional(string, "record")
    primary = string
    regions = map(object({
      location = string
      target   = string
      address  = optional(string)
    }))
    health = optional(object({
      path           = string
      source_regions = optional(list(string))
    }))
  })
  default = null

  validation {
    condition     = var.traffic == null || var.public_zone != null
    error_message = "The name that payers use is in a public zone."
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
