variable "project" {
  description = "Id of the project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "name" {
  description = "Name of the VPC."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,40}$", var.name))
    error_message = "A network's name is at most 41 lower-case letters, digits and hyphens: names of rules and subnets are made from it."
  }
}

variable "sites" {
  description = "Region's name (region-a) -> its location and ranges, as cidrs in estate.yaml. One VPC holds all sites of its environment."
  type = map(object({
    location      = string
    application   = string
    database      = string
    edge          = string
    pods          = string
    services      = string
    control_plane = string
  }))

  validation {
    condition     = length(var.sites) > 0 && alltrue([for site in values(var.sites) : can(regex("^[a-z]+-[a-z]+[0-9]+$", site.location))])
    error_message = "There is at least one site, and location is one region, as europe-west1."
  }

  validation {
    condition = alltrue(flatten([for site in values(var.sites) : [
      for range in [site.application, site.database, site.edge, site.pods, site.services, site.control_plane] :
      can(cidrhost(range, 0)) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", range))
    ]]))
    error_message = "Every range is a private one (RFC 1918) in CIDR notation."
  }

  validation {
    condition = length(flatten([for site in values(var.sites) : [site.application, site.database, site.edge, site.pods, site.services, site.control_plane]])) == length(
    toset(flatten([for site in values(var.sites) : [site.application, site.database, site.edge, site.pods, site.services, site.control_plane]])))
    error_message = "No range is used twice."
  }
}

variable "peers" {
  description = "Name of the other network -> its self link and the ranges it may be reached at and may come from. Each side makes its own half."
  type = map(object({
    network = string
    ranges  = list(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for peer in values(var.peers) : can(regex("projects/[^/]+/global/networks/[^/]+$", peer.network))])
    error_message = "network is the self link (or id) of the other network: …projects/P/global/networks/N."
  }

  validation {
    condition = alltrue(flatten([for peer in values(var.peers) : [
      for range in peer.ranges : can(cidrhost(range, 0)) && tonumber(try(split("/", range)[1], 0)) >= 8
    ]]))
    error_message = "ranges are in CIDR notation and no wider than /8."
  }
}

variable "ingress" {
  description = "What may come in beyond the rules of this module: name -> sources (ranges, or accounts, or tags), targets (accounts or tags) and ports."
  type = map(object({
    description     = string
    source_ranges   = optional(list(string), [])
    source_tags     = optional(list(string), [])
    source_accounts = optional(list(string), [])
    target_tags     = optional(list(string), [])
    target_accounts = optional(list(string), [])
    protocol        = optional(string, "tcp")
    ports           = list(string)
  }))
  default = {}

  validation {
    condition = alltrue(flatten([for rule in values(var.ingress) : [
      for range in rule.source_ranges : can(cidrhost(range, 0)) && tonumber(try(split("/", range)[1], 0)) >= 8
    ]]))
    error_message = "Nothing comes in from everywhere: ranges are in CIDR notation and no wider than /8."
  }

  validation {
    condition = alltrue([for rule in values(var.ingress) :
      length(rule.source_ranges) + length(rule.source_tags) + length(rule.source_accounts) > 0 &&
      length(rule.target_tags) + length(rule.target_accounts) > 0
    ])
    error_message = "A rule names its sources and its targets; none is for every machine."
  }

  validation {
    condition = alltrue([for rule in values(var.ingress) :
      (length(rule.source_tags) + length(rule.target_tags) == 0) || (length(rule.source_accounts) + length(rule.target_accounts) == 0)
    ])
    error_message = "A rule goes by tags or by accounts, not by both: Google refuses the mix."
  }

  validation {
    condition     = alltrue([for name in keys(var.ingress) : can(regex("^[a-z]([a-z0-9-]*[a-z0-9])?$", name)) && length("${var.name}-ingress-${name}") <= 63])
    error_message = "The name of a rule is lower-case letters, digits and hyphens, and short: <network>-ingress-<name> has 63 characters at most."
  }

  validation {
    condition     = alltrue([for rule in values(var.ingress) : contains(["tcp", "udp"], rule.protocol) && length(rule.ports) > 0])
    error_message = "A rule is for tcp or udp, and names its ports."
  }
}

variable "egress_ports" {
  description = "TCP ports of the internet that machines with the tag egress may reach."
  type        = list(string)
  default     = ["443"]

  validation {
    condition     = length(var.egress_ports) > 0 && alltrue([for port in var.egress_ports : can(regex("^[0-9]{1,5}(-[0-9]{1,5})?$", port))])
    error_message = "egress_ports are ports or ranges of ports, and at least one."
  }
}

variable "google_apis" {
  description = "restricted: only services that VPC Service Controls can guard (199.36.153.4/30). private: all of Google's (199.36.153.8/30), for the hub, whose Terraform talks to all."
  type        = string
  default     = "restricted"

  validation {
    condition     = contains(["restricted", "private"], var.google_apis)
    error_message = "google_apis is restricted or private."
  }
}

variable "flow_sampling" {
  description = "Share of the flows that are logged, from 0.1 to 1."
  type        = number
  default     = 0.5

  validation {
    condition     = var.flow_sampling >= 0.1 && var.flow_sampling <= 1
    error_message = "flow_sampling is at least 0.1: less finds nobody."
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
