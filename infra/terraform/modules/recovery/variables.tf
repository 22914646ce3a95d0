variable "project" {
  description = "Project of the region."
  type = object({
    id     = string
    number = string
    # Key of the project in the estate; names of key rings begin with it.
    key = string
  })

  validation {
    condition     = can(regex("^[0-9]+$", var.project.number))
    error_message = "number is the number of the project, not its id."
  }
}

variable "site" {
  description = "The site as the estate has it."
  type = object({
    environment = string
    region      = string
    location    = string
    zones       = list(string)
    network     = string
    cluster     = string
    role        = string
    cidrs = object({
      application  = string
      database     = string
      pods         = string
      controlPlane = string
    })
  })

  validation {
    condition     = contains(["primary", "standby"], var.site.role)
    error_message = "A region with payments is primary or standby."
  }
}

variable "network" {
  description = "Outputs of module network: id, subnets of this region by tier, and the tag of machines that may go out."
  type = object({
    id         = string
    subnets    = map(object({ id = string }))
    egress_tag = string
  })

  validation {
    condition     = length(setsubtract(["application", "database"], keys(var.network.subnets))) == 0
    error_message = "The subnets of this region: application and database."
  }
}

variable "hub_ranges" {
  description = "Where the hub's pods come from: the portal asks and directs the database in a region switch."
  type        = list(string)

  validation {
    condition     = length(var.hub_ranges) > 0
    error_message = "Without the hub nobody can switch regions."
  }
}

variable "application_pool" {
  description = "Nodes of the workloads while this region is primary. A standby has none of them, and no autoscaler: a recovery run gives it nodes."
  type = object({
    machine_type       = optional(string, "n2-standard-8")
    nodes_per_zone     = optional(number, 1)
    min_nodes_per_zone = optional(number, 1)
    max_nodes_per_zone = optional(number, 4)
  })
  default = {}
}

variable "batch_pool" {
  description = "Spot nodes; null: none. Only where a workload tolerates their taint."
  type = object({
    machine_type       = optional(string, "e2-standard-4")
    max_nodes_per_zone = optional(number, 3)
  })
  default = null
}

variable "database" {
  description = "The database as the estate has it, its image, bucket and names. Whom it follows and who follows it is decided here."
  type = object({
    members      = list(string)
    machineType  = string
    dataDiskGb   = number
    patroniScope = string
    image        = string
    bucket       = string
    domain       = string
    managed_zone = string
  })

  validation {
    condition     = length(var.database.members) == length(var.site.zones)
    error_message = "One member in each zone, in every region: one machine alone cannot fail over."
  }
}

variable "other" {
  description = "The other region: its name and location, the range of its database machines, and its replication service."
  type = object({
    region         = string
    location       = string
    database_range = string
    replication = object({
      host = string
      port = number
    })
  })

  validation {
    condition     = var.other.region != var.site.region && var.other.location != var.site.location
    error_message = "A region cannot be its own recovery."
  }

  validation {
    condition     = strcontains(var.other.replication.host, ".${var.other.region}.")
    error_message = "The replication service is the other region's."
  }
}

variable "database_ports" {
  description = "databasePorts of the estate."
  type        = map(number)
}

variable "gateway" {
  description = "Hosts of the region's gateway, the names in the public zone that lead to it for good, and the hosts' proofs."
  type = object({
    hosts              = set(string)
    names              = set(string)
    public_zone        = string
    dns_authorizations = map(string)
  })
}

variable "identities" {
  description = "Account id -> the Kubernetes service account that is this account, and its roles on the project."
  type = map(object({
    description     = string
    namespace       = string
    service_account = string
    roles           = set(string)
  }))
}

variable "secrets" {
  description = "Id of a secret -> the identities (by account id) and other accounts that read it."
  type = map(object({
    identities    = optional(set(string), [])
    members       = optional(set(string), [])
    rotation_days = optional(number, 90)
  }))

  validation {
    condition     = alltrue(flatten([for secret in values(var.secrets) : [for identity in secret.identities : contains(keys(var.identities), identity)]]))
    error_message = "A reader is one of the region's identities."
  }
}

variable "security_group" {
  description = "Group of groups that Kubernetes roles may be bound to (gke-security-groups@…)."
  type        = string

  validation {
    condition     = startswith(var.security_group, "gke-security-groups@")
    error_message = "GKE takes no other name than gke-security-groups@<domain>."
  }
}

variable "egress" {
  description = "How machines reach partners; see module ha-nat. Addresses are ours either way."
  type = object({
    mode = optional(string, "cloud-nat")
    machines = optional(object({
      edge_subnet   = string
      client_ranges = list(string)
      image         = string
    }))
  })
  default = {}
}

variable "release_channel" {
  description = "Which versions the cluster gets."
  type        = string
  default     = "REGULAR"
}

variable "maintenance_exclusions" {
  description = "Times without upgrades."
  type = list(object({
    name  = string
    start = string
    end   = string
    scope = optional(string, "NO_UPGRADES")
  }))
  default = []
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
