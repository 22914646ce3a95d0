variable "project" {
  description = "Project of the machines."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id is 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Our name of the region (region-a). Names of machines' account, balancers and rules end in it."
  type        = string

  validation {
    condition     = can(regex("^region-[a-z]$", var.region))
    error_message = "A region with a database is called region-<letter>."
  }
}

variable "location" {
  description = "Google's name of the region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "A location is one region, as europe-west1."
  }
}

variable "members" {
  description = "Machine -> zone. The same in every region, also in the standby: a region that takes over with one machine has nothing to fail over to."
  type        = map(string)

  validation {
    condition     = length(var.members) >= 3 && length(var.members) % 2 == 1 && length(distinct(values(var.members))) == length(var.members)
    error_message = "Three members or more, an odd number for etcd's majority, each in a zone of its own."
  }

  validation {
    condition     = alltrue([for name, zone in var.members : can(regex("^[a-z][a-z0-9-]{0,30}$", name)) && startswith(zone, "${var.location}-")])
    error_message = "Names of machines are lower case, and their zones are of the location."
  }
}

variable "patroni_scope" {
  description = "Name of the Patroni cluster; a label that Ansible's inventory groups by."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]{1,63}$", var.patroni_scope))
    error_message = "Lower case letters, digits and hyphens: it is also a label."
  }
}

variable "machine_type" {
  description = "Machine of every member: after a failover another one must carry the same load."
  type        = string

  validation {
    condition     = can(regex("^(n2|n2d|e2)-(standard|highmem)-[0-9]+$", var.machine_type))
    error_message = "n2, n2d or e2, standard or highmem: they take pd-ssd, and no shared-core machine is among them."
  }
}

variable "image" {
  description = "Image family that Packer builds. A member gets a newer image when it is replaced, one at a time, not by an apply."
  type        = string

  validation {
    condition     = can(regex("^projects/[a-z0-9-]+/global/images/family/airpay-postgresql-15$", var.image))
    error_message = "projects/<project>/global/images/family/airpay-postgresql-15."
  }
}

variable "data_disk_gb" {
  description = "Size of the data disk. It can grow and never shrink."
  type        = number

  validation {
    condition     = var.data_disk_gb >= 50 && var.data_disk_gb <= 10000
    error_message = "50 to 10000 GB."
  }
}

variable "network" {
  description = "Where the machines are: self links, and tags that routes and rules of the network go by."
  type = object({
    network    = string
    subnetwork = string
    tags       = optional(list(string), [])
  })
}

variable "clients" {
  description = "Who may connect: nodes and pods of this region, those of the hub (the portal), and the database tier of other regions that replicate from here."
  type = object({
    application = list(string)
    hub         = list(string)
    replicas    = optional(list(string), [])
  })

  validation {
    condition     = alltrue([for range in concat(var.clients.application, var.clients.hub, var.clients.replicas) : can(cidrhost(range, 0)) && can(regex("^10\\.", range)) && tonumber(split("/", range)[1]) >= 16])
    error_message = "Ranges of the sites (10.x.y.z/16 or smaller). Nothing wider, and nothing public."
  }

  validation {
    condition     = length(var.clients.application) > 0
    error_message = "A database without clients is a mistake."
  }
}

variable "ports" {
  description = "databasePorts of the estate."
  type = object({
    postgres      = number
    readWrite     = number
    replication   = number
    readOnly      = number
    patroni       = number
    etcdClient    = number
    etcdPeer      = number
    redis         = number
    haproxyHealth = number
    nodeExporter  = number
  })

  validation {
    condition     = length(distinct(values(var.ports))) == length(values(var.ports))
    error_message = "Two services on one machine cannot share a port."
  }
}

variable "dns" {
  description = "Private zone and the domain within it: members are <member>.<domain>, services rw., replication. and ro.<domain>."
  type = object({
    project      = string
    managed_zone = string
    domain       = string
  })

  validation {
    condition     = endswith(var.dns.domain, ".")
    error_message = "A domain in Cloud DNS ends with a dot."
  }
}

variable "kms_key" {
  description = "Key `disks` of the location, for every disk. Compute Engine's agent must be allowed to use it first."
  type        = string

  validation {
    condition     = strcontains(var.kms_key, "/locations/${var.location}/")
    error_message = "A key of another location makes this database depend on that one."
  }
}

variable "replication_source" {
  description = "For a standby: the replication service of the region it follows. Null: a primary."
  type = object({
    host = string
    port = number
  })
  default = null

  validation {
    condition     = var.replication_source == null ? true : startswith(var.replication_source.host, "replication.") && !strcontains(var.replication_source.host, ".${var.region}.")
    error_message = "The replication service of another region: one that follows itself, or a single machine, follows nothing after a failover."
  }
}

variable "backup_bucket" {
  description = "Bucket of the archive project that pgBackRest writes to. The archive's own root lets the machines' account write, never delete."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.backup_bucket))
    error_message = "A bucket's name is 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "snapshot_retention_days" {
  description = "How long snapshots of the data disks are kept. They come second: what is restored from is pgBackRest."
  type        = number
  default     = 7

  validation {
    condition     = var.snapshot_retention_days >= 1 && var.snapshot_retention_days <= 90
    error_message = "1 to 90 days."
  }
}

variable "deletion_protection" {
  description = "Off only outside production, and only for the apply before the machines go."
  type        = bool
  default     = true

  validation {
    condition     = var.deletion_protection || var.labels["environment"] != "production"
    error_message = "Databases of production are never unprotected."
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
