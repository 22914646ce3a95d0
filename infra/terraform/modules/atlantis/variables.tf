variable "project" {
  description = "Project of the hub, where Atlantis runs and its account lives."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "workload_pool" {
  description = "Workload Identity pool of the hub's cluster (<project>.svc.id.goog), from the cluster: it does not exist before it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]\\.svc\\.id\\.goog$", var.workload_pool))
    error_message = "workload_pool is <project>.svc.id.goog."
  }
}

variable "environments" {
  description = "Environment (dev, prod, hub) -> project where its deployer and planner live, projects they work in, and prefixes of their states in the state bucket. `reads` names other environments whose states it may read, `extra_roles` roles for services that only this environment has (closed list)."
  type = map(object({
    home           = string
    projects       = set(string)
    state_prefixes = set(string)
    reads          = optional(set(string), [])
    extra_roles    = optional(set(string), [])
  }))

  validation {
    condition     = alltrue([for environment in keys(var.environments) : can(regex("^[a-z][a-z0-9]{1,15}$", environment))])
    error_message = "An environment's name is 2 to 16 lower-case letters and digits: deployer-<environment> is made from it."
  }

  validation {
    condition = length(flatten([for environment in values(var.environments) : tolist(environment.projects)])) == length(
    toset(flatten([for environment in values(var.environments) : tolist(environment.projects)])))
    error_message = "A project belongs to one environment: the deployer of prod has no rights in dev, nor the reverse."
  }

  validation {
    condition     = alltrue([for environment in values(var.environments) : contains(environment.projects, environment.home)])
    error_message = "The home of a deployer is one of the projects of its environment."
  }

  validation {
    condition = alltrue(flatten([for environment in values(var.environments) : [
      for prefix in environment.state_prefixes : can(regex("^[a-z0-9-]+(/[a-z0-9-]+)*/$", prefix))
      ]])) && alltrue(flatten([for name, environment in var.environments : [
      for other_name, other in var.environments : name == other_name ? [true] : [
        for pair in setproduct(environment.state_prefixes, other.state_prefixes) : !startswith(pair[0], pair[1])
      ]
    ]]))
    error_message = "A prefix ends in a slash, and no environment's prefix lies within another's."
  }

  validation {
    condition = alltrue([for environment in values(var.environments) : length(setsubtract(environment.extra_roles, [
      "roles/artifactregistry.admin",
      "roles/binaryauthorization.policyEditor",
      "roles/cloudsql.admin",
    ])) == 0])
    error_message = "extra_roles are of: artifactregistry.admin, binaryauthorization.policyEditor, cloudsql.admin. Never owner, editor or container.admin."
  }

  validation {
    condition     = alltrue([for environment in values(var.environments) : length(environment.state_prefixes) >= 1 && length(environment.state_prefixes) <= 6])
    error_message = "One to six prefixes: an IAM condition takes a dozen comparisons at most."
  }

  validation {
    condition     = alltrue(flatten([for environment in values(var.environments) : [for name in environment.reads : contains(keys(var.environments), name)]]))
    error_message = "reads names environments of this map."
  }
}

variable "namespace" {
  description = "Namespace of Atlantis."
  type        = string
  default     = "atlantis"
}

variable "service_account" {
  description = "Kubernetes service account of Atlantis."
  type        = string
  default     = "atlantis"
}

variable "drift_check" {
  description = "Namespace and Kubernetes service account of the drift check. Not Atlantis' own: who may be a deployer is another pod."
  type        = object({ namespace = string, service_account = string })
  default     = { namespace = "drift-check", service_account = "drift-check" }

  validation {
    condition     = var.drift_check.namespace != var.namespace
    error_message = "The drift check has a namespace of its own: a pod in Atlantis' could be given its account."
  }
}

variable "plan_groups" {
  description = "Groups of people who may be a planner (group:<mail>): they see what would change, and apply nothing. None by default."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.plan_groups : can(regex("^group:[a-z0-9._-]+@[a-z0-9.-]+$", member))])
    error_message = "plan_groups are group:<mail>: no persons, no accounts, not everybody."
  }
}

variable "state_bucket" {
  description = "Bucket of the Terraform states."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "A bucket has 3 to 63 lower-case letters, digits and hyphens."
  }
}
