variable "parent" {
  description = "Where the policies are set: organizations/123, folders/123 or projects/P."
  type        = string

  validation {
    condition     = can(regex("^(organizations/[0-9]+|folders/[0-9]+|projects/[a-z][a-z0-9-]{4,28}[a-z0-9])$", var.parent))
    error_message = "parent is organizations/…, folders/… or projects/…."
  }
}

variable "residency" {
  description = "Residency class -> locations its data may be in (residency of estate.yaml)."
  type        = map(list(string))

  validation {
    condition     = alltrue(flatten([for locations in values(var.residency) : [for location in locations : can(regex("^[a-z]+-[a-z]+[0-9]+$", location))]]))
    error_message = "A location is one region, as europe-west1: a group of regions would let data wander."
  }

  validation {
    condition     = length(flatten(values(var.residency))) == length(toset(flatten(values(var.residency))))
    error_message = "A location belongs to one class."
  }
}

variable "residency_class" {
  description = "The class of everything under parent."
  type        = string

  validation {
    condition     = contains(keys(var.residency), var.residency_class) && length(lookup(var.residency, var.residency_class, [])) > 0
    error_message = "residency_class is one of the classes, and has locations."
  }
}

variable "multi_regions" {
  description = "Locations of several regions that parent may use beside its regions: europe, for the registry at the hub, which holds no personal data."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.multi_regions, ["europe"])) == 0 && (length(var.multi_regions) == 0 || var.residency_class == "eu")
    error_message = "The only location of several regions is europe, and only the class eu may use it."
  }
}

variable "customer_ids" {
  description = "Cloud Identity customers whose people may be given rights, as C01abcdef."
  type        = set(string)

  validation {
    condition     = length(var.customer_ids) > 0 && alltrue([for id in var.customer_ids : can(regex("^C[0-9a-z]{7,12}$", id))])
    error_message = "A customer id is C and seven or more letters or digits."
  }
}

variable "organization" {
  description = "The organisation, as organizations/ and its number: its own service accounts, Google's agents in its projects, and pools of pipelines may be given rights. A customer's id alone stands for people."
  type        = string

  validation {
    condition     = can(regex("^organizations/[0-9]+$", var.organization))
    error_message = "organization is organizations/<number>."
  }
}

variable "external_ip_instances" {
  description = "Machines that may have an external address, by full name: the NAT machines (output instances of ha-nat). None by default."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for instance in var.external_ip_instances : can(regex("^projects/[^/]+/zones/[^/]+/instances/[^/*]+$", instance))])
    error_message = "An instance is projects/P/zones/Z/instances/I, without wildcards."
  }
}

variable "cmek_services" {
  description = "Services that may store nothing without a key of ours."
  type        = set(string)
  default = [
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "pubsub.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ]

  validation {
    condition = length(setsubtract(
    ["compute.googleapis.com", "container.googleapis.com", "secretmanager.googleapis.com", "storage.googleapis.com"], var.cmek_services)) == 0
    error_message = "Disks, clusters, secrets and buckets are always among them."
  }
}

variable "log_location" {
  description = "Region of the log buckets that new projects get; by default they would be global. Null where parent is a project."
  type        = string
  default     = null

  validation {
    condition     = var.log_location == null || contains(lookup(var.residency, var.residency_class, []), coalesce(var.log_location, "none"))
    error_message = "log_location is a location of the residency class."
  }

  validation {
    condition     = var.log_location == null || !startswith(var.parent, "projects/")
    error_message = "Where new projects keep their logs is set on a folder or the organisation."
  }
}
