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
  description = "Prefix of the names: <network>-<region>."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,40}$", var.name))
    error_message = "name is at most 41 lower-case letters, digits and hyphens."
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

variable "mode" {
  description = "cloud-nat: Google's NAT with our addresses. nlb: one machine a zone behind an internal balancer, for networks that must see every packet (ADR 0091)."
  type        = string
  default     = "cloud-nat"

  validation {
    condition     = contains(["cloud-nat", "nlb"], var.mode)
    error_message = "mode is cloud-nat or nlb."
  }
}

variable "zones" {
  description = "Zones of the region; there is one address a zone."
  type        = set(string)

  validation {
    condition     = length(var.zones) >= 2 && alltrue([for zone in var.zones : startswith(zone, "${var.location}-")])
    error_message = "There are at least two zones, all of the location: one NAT is no high availability."
  }
}

variable "subnet" {
  description = "Id of the subnet whose machines and pods go out (application tier)."
  type        = string

  validation {
    condition     = can(regex("projects/[^/]+/regions/[^/]+/subnetworks/[^/]+$", var.subnet))
    error_message = "subnet is the id of a subnet: projects/P/regions/R/subnetworks/S."
  }
}

variable "machines" {
  description = "Mode nlb only. The edge subnet of machines and balancer, the ranges that may send to them (subnet and pods), a pinned image, and the key of the disks."
  type = object({
    edge_subnet   = string
    client_ranges = list(string)
    image         = string
    kms_key_id    = string
    machine_type  = optional(string, "e2-standard-2")
  })
  default = null

  validation {
    condition     = (var.mode == "nlb") == (var.machines != null)
    error_message = "machines belongs to mode nlb: given there and only there."
  }

  validation {
    condition = var.machines == null || alltrue([
      for range in try(var.machines.client_ranges, []) : can(cidrhost(range, 0)) && tonumber(try(split("/", range)[1], 0)) >= 8
    ])
    error_message = "client_ranges are in CIDR notation, and no wider than /8."
  }

  validation {
    condition     = var.machines == null || can(regex("^projects/[^/]+/global/images/[^/]+$", var.machines.image))
    error_message = "image is projects/P/global/images/I: a family would change under us."
  }
}

variable "egress_tag" {
  description = "Network tag of the machines that go out (output egress_tag of the network module)."
  type        = string
  default     = "egress"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.egress_tag))
    error_message = "egress_tag is a network tag: without one, every machine would have a way out."
  }
}

variable "egress_ports" {
  description = "TCP ports that NAT machines let out, in mode nlb; the same as the network module's."
  type        = list(string)
  default     = ["443"]

  validation {
    condition     = length(var.egress_ports) > 0 && alltrue([for port in var.egress_ports : can(regex("^[0-9]{1,5}(-[0-9]{1,5})?$", port))])
    error_message = "egress_ports are ports or ranges of ports, and at least one."
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
