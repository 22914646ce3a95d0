variable "project" {
  description = "Project of the cluster."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id is 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "name" {
  description = "Name of the cluster, as in the estate."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "GKE takes lower case letters, digits and hyphens, at most 40."
  }
}

variable "region" {
  description = "Our name of the region: region-a, region-b, hub. Names of accounts end in it."
  type        = string

  validation {
    condition     = can(regex("^(hub|region-[a-z])$", var.region))
    error_message = "A region is called hub or region-<letter>."
  }
}

variable "location" {
  description = "Google's name of the region. Never a zone: the control plane has to outlive one."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "Name a region (europe-west1), not a zone (europe-west1-b)."
  }
}

variable "zones" {
  description = "Zones that nodes are in."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) >= 3 && alltrue([for zone in var.zones : startswith(zone, "${var.location}-")])
    error_message = "Three zones of the cluster's own location: with two, the loss of one takes half."
  }
}

variable "network" {
  description = "The network and what of it the cluster uses: self links, and the names of the secondary ranges."
  type = object({
    network        = string
    subnetwork     = string
    pods_range     = string
    services_range = string
    # Addresses set aside for the control plane's side of the private connection.
    control_plane_cidr = string
    # Tags that routes and firewall rules of the network go by.
    node_tags = optional(list(string), [])
  })

  validation {
    condition     = can(regex("^172\\.16\\.[0-9]+\\.[0-9]+/28$", var.network.control_plane_cidr)) && can(cidrhost(var.network.control_plane_cidr, 0))
    error_message = "The control plane takes a /28 of 172.16.0.0/16."
  }
}

variable "kms_keys" {
  description = "Keys of the location: `disks` for boot disks, `cluster` for Secrets in etcd, `secrets` for messages. Google's agents must be allowed to use them first."
  type = object({
    disks   = string
    cluster = string
    secrets = string
  })

  validation {
    condition     = alltrue([for key in values(var.kms_keys) : strcontains(key, "/locations/${var.location}/")])
    error_message = "A key of another location makes this region depend on that one."
  }
}

variable "release_channel" {
  description = "Which versions the cluster gets."
  type        = string
  default     = "REGULAR"

  validation {
    condition     = contains(["REGULAR", "STABLE", "EXTENDED"], var.release_channel)
    error_message = "REGULAR, STABLE or EXTENDED. RAPID has no service level, and without a channel nothing is ever patched."
  }
}

variable "system_pool" {
  description = "Nodes for kube-system and the platform's components: no taint, so that a standby region without application nodes still works."
  type = object({
    machine_type       = optional(string, "e2-standard-4")
    min_nodes_per_zone = optional(number, 1)
    max_nodes_per_zone = optional(number, 3)
  })
  default = {}

  validation {
    condition     = var.system_pool.min_nodes_per_zone >= 1 && var.system_pool.max_nodes_per_zone >= var.system_pool.min_nodes_per_zone
    error_message = "A node in each zone at least, and no maximum below the minimum."
  }
}

variable "application_pool" {
  description = "Nodes of the payments workloads. `nodes_per_zone` counts only when the pool is made; `autoscaling` null: a recovery run alone decides."
  type = object({
    machine_type   = optional(string, "n2-standard-8")
    nodes_per_zone = number
    autoscaling = optional(object({
      min_nodes_per_zone = number
      max_nodes_per_zone = number
    }))
  })

  # A pool that starts empty is a pilot light. The workloads are deployed there too, and their pending pods would have an autoscaler light it.
  validation {
    condition     = !(var.application_pool.nodes_per_zone == 0 && var.application_pool.autoscaling != null)
    error_message = "A pool that starts with no nodes must not have an autoscaler."
  }

  validation {
    condition     = var.application_pool.autoscaling == null ? true : var.application_pool.autoscaling.min_nodes_per_zone >= 1 && var.application_pool.autoscaling.max_nodes_per_zone >= var.application_pool.autoscaling.min_nodes_per_zone
    error_message = "The autoscaler keeps a node in each zone at least, and no maximum below the minimum."
  }

  validation {
    condition     = var.application_pool.nodes_per_zone >= 0 && var.application_pool.nodes_per_zone <= 20
    error_message = "0 to 20 nodes in each zone."
  }
}

variable "batch_pool" {
  description = "Spot nodes for work that may be interrupted; from none up. Null: no such pool."
  type = object({
    machine_type       = optional(string, "e2-standard-4")
    max_nodes_per_zone = optional(number, 3)
  })
  default = {}

  validation {
    condition     = var.batch_pool == null ? true : var.batch_pool.max_nodes_per_zone >= 1 && var.batch_pool.max_nodes_per_zone <= 20
    error_message = "1 to 20 nodes in each zone."
  }
}

variable "auto_provisioning_limits" {
  description = "The most that node auto-provisioning may bring, over all pools of the cluster."
  type = object({
    cpu        = optional(number, 200)
    memory_gib = optional(number, 800)
  })
  default = {}

  validation {
    condition     = var.auto_provisioning_limits.cpu >= 16 && var.auto_provisioning_limits.cpu <= 1000 && var.auto_provisioning_limits.memory_gib >= 64 && var.auto_provisioning_limits.memory_gib <= 4000
    error_message = "16 to 1000 CPU and 64 to 4000 GiB: unbounded growth is an unbounded bill."
  }
}

variable "maintenance_window" {
  description = "When Google may upgrade. The API wants 48 hours in any 32 days, in windows of at least 4."
  type = object({
    start      = optional(string, "2026-01-06T01:00:00Z")
    end        = optional(string, "2026-01-06T05:00:00Z")
    recurrence = optional(string, "FREQ=WEEKLY;BYDAY=TU,WE,TH")
  })
  default = {}

  validation {
    condition     = timecmp(timeadd(var.maintenance_window.start, "4h"), var.maintenance_window.end) <= 0
    error_message = "A window has at least 4 hours."
  }

  # At least four weeks of BYDAY in any 32 days.
  validation {
    condition = can(regex("^FREQ=WEEKLY;BYDAY=(MO|TU|WE|TH|FR|SA|SU)(,(MO|TU|WE|TH|FR|SA|SU))*$", var.maintenance_window.recurrence)) && timecmp(
      timeadd(var.maintenance_window.start, "${ceil(12 / max(1, length(split(",", var.maintenance_window.recurrence))))}h"),
      var.maintenance_window.end,
    ) <= 0
    error_message = "Days of the week (FREQ=WEEKLY;BYDAY=TU,WE,TH), with at least 12 hours a week in all."
  }
}

variable "maintenance_exclusions" {
  description = "Times without upgrades, for instance the days before Christmas."
  type = list(object({
    name  = string
    start = string
    end   = string
    scope = optional(string, "NO_UPGRADES")
  }))
  default = []

  validation {
    condition     = alltrue([for one in var.maintenance_exclusions : contains(["NO_UPGRADES", "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES"], one.scope)])
    error_message = "NO_UPGRADES, NO_MINOR_UPGRADES or NO_MINOR_OR_NODE_UPGRADES."
  }

  validation {
    condition     = alltrue([for one in var.maintenance_exclusions : timecmp(one.start, one.end) < 0 && (one.scope != "NO_UPGRADES" || timecmp(timeadd(one.start, "720h"), one.end) >= 0)])
    error_message = "An exclusion ends after it starts, and one from all upgrades within 30 days."
  }
}

variable "webhook_ports" {
  description = "Container ports that the control plane calls: metrics of KEDA (6443), webhooks of KEDA, Kyverno and others (8443, 9443), of istiod (15017)."
  type        = set(number)
  default     = [6443, 8443, 9443, 15017]

  validation {
    condition     = length(var.webhook_ports) <= 16 && alltrue([for port in var.webhook_ports : port >= 1024 && port <= 65535])
    error_message = "At most 16 ports, from 1024 up."
  }
}

variable "security_group" {
  description = "Group of groups that Kubernetes roles may be bound to. GKE asks for this very name before the @."
  type        = string

  validation {
    condition     = startswith(var.security_group, "gke-security-groups@")
    error_message = "GKE takes no other name than gke-security-groups@<domain>."
  }
}

variable "deletion_protection" {
  description = "Off only outside production, and only for the apply before the cluster goes."
  type        = bool
  default     = true

  validation {
    condition     = var.deletion_protection || var.labels["environment"] != "production"
    error_message = "A cluster of production is never unprotected."
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
