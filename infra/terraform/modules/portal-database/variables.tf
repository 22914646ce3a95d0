variable "project" {
  description = "Project of the hub."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "location" {
  description = "Location of the hub. Not one of the regions that payments run in: the portal is what switches between those."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "location is one region, as europe-north1."
  }
}

variable "payment_locations" {
  description = "Locations the payments system runs in; the portal's database may be in none of them."
  type        = list(string)

  validation {
    condition     = length(var.payment_locations) > 0 && !contains(var.payment_locations, var.location)
    error_message = "The portal's database must not be in a region that it has to switch away from."
  }
}

variable "backup_location" {
  description = "Another location, for backups: what is lost with the hub's region is not what its backups are in."
  type        = string

  validation {
    condition     = var.backup_location != var.location
    error_message = "Backups must lie in another location than the database."
  }
}

variable "allowed_locations" {
  description = "Where data of the residency class may be."
  type        = list(string)

  validation {
    condition     = alltrue([for location in [var.location, var.backup_location] : contains(var.allowed_locations, location)])
    error_message = "Database and backups must stay within the residency class."
  }
}

variable "network" {
  description = "Self link of the hub's network."
  type        = string

  validation {
    condition     = can(regex("projects/[^/]+/global/networks/[^/]+$", var.network))
    error_message = "network is the self link or id of a network: …projects/P/global/networks/N."
  }
}

variable "subnetwork" {
  description = "Self link of the hub's database subnet, in which the address of the database is."
  type        = string

  validation {
    condition     = can(regex("projects/[^/]+/regions/[^/]+/subnetworks/[^/]+$", var.subnetwork))
    error_message = "subnetwork is the self link or id of a subnet: …projects/P/regions/R/subnetworks/S."
  }
}

variable "address" {
  description = "Address in that subnet at which the hub reaches the database."
  type        = string

  validation {
    condition     = can(cidrhost("${var.address}/32", 0)) && can(regex("^10\\.", var.address))
    error_message = "address is one address of our own range."
  }
}

variable "kms_key" {
  description = "Key of the key ring of the hub that encrypts the disk. The service agent of Cloud SQL must be allowed to use it first."
  type        = string

  validation {
    condition     = can(regex("/locations/${var.location}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "A key of another location would make the database depend on that one."
  }
}

variable "tier" {
  description = "Machine: db-custom-<cpus>-<MiB>. The portal keeps up to 100 connections open."
  type        = string
  default     = "db-custom-2-7680"

  validation {
    condition     = can(regex("^db-custom-[1-9][0-9]*-[1-9][0-9]*$", var.tier))
    error_message = "Shared-core machines have no service level; name a db-custom one."
  }
}

variable "disk_limit_gb" {
  description = "The disk grows by itself up to this and no further."
  type        = number
  default     = 200
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
}
