variable "project" {
  description = "Project of the cluster whose Gateway this is."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id is 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "name" {
  description = "payments-<region> or hub. The Gateway names the certificate map and the TLS policy by it, and the address as gateway-<name>."
  type        = string

  validation {
    condition     = can(regex("^(hub|payments-region-[a-z])$", var.name))
    error_message = "hub or payments-region-<letter>, as the Gateways say."
  }
}

variable "hosts" {
  description = "Host names that the gateway answers for."
  type        = set(string)

  validation {
    condition     = length(var.hosts) > 0 && alltrue([for host in var.hosts : can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", host)) && length("${var.name}-${host}") <= 63])
    error_message = "Host names without wildcard and final dot, with the gateway's name at most 63 characters."
  }
}

variable "dns_authorizations" {
  description = "Host -> id of its DNS authorization (module dns)."
  type        = map(string)

  validation {
    condition     = length(setsubtract(var.hosts, keys(var.dns_authorizations))) == 0
    error_message = "Every host needs an authorization: its certificate would never be issued."
  }
}

variable "dns" {
  description = "Public zone that gets an A record for `names`, each one of the hosts. The name that recovery moves is not among them."
  type = object({
    project      = string
    managed_zone = string
    names        = set(string)
  })

  validation {
    condition     = length(setsubtract(var.dns.names, var.hosts)) == 0
    error_message = "A name that leads here must be one the gateway answers for."
  }
}

variable "tls_profile" {
  description = "Which ciphers are offered, with TLS 1.2 as the least."
  type        = string
  default     = "RESTRICTED"

  validation {
    condition     = contains(["MODERN", "RESTRICTED"], var.tls_profile)
    error_message = "MODERN or RESTRICTED."
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
