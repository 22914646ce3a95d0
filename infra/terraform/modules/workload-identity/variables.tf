variable "project" {
  description = "Id of the project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "account_id" {
  description = "Name of the Google service account: <identity> or <identity>-<region>."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.account_id))
    error_message = "An account's name has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "description" {
  description = "What the account is for."
  type        = string

  validation {
    condition     = length(var.description) > 0 && length(var.description) <= 256
    error_message = "A description has 1 to 256 characters."
  }
}

variable "workload_pool" {
  description = "Workload Identity pool of the cluster (<project>.svc.id.goog), from the cluster: it does not exist before it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]\\.svc\\.id\\.goog$", var.workload_pool))
    error_message = "workload_pool is <project>.svc.id.goog."
  }
}

variable "namespace" {
  description = "Namespace of the one Kubernetes service account that may be this account."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace)) && !contains(["default", "kube-system"], var.namespace)
    error_message = "namespace is one namespace, without wildcards, and neither default nor kube-system."
  }
}

variable "service_account" {
  description = "Name of that Kubernetes service account."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.service_account)) && var.service_account != "default"
    error_message = "service_account is one account, without wildcards, and not default: every pod of a namespace has that one."
  }
}

variable "roles" {
  description = "Roles on the whole project, of a closed list. Rights on one thing (a secret, a bucket) are given by the module of that thing."
  type        = set(string)
  default     = []

  validation {
    condition = length(setsubtract(var.roles, [
      "roles/bigquery.jobUser",
      "roles/cloudtrace.agent",
      "roles/container.clusterViewer",
      "roles/logging.logWriter",
      "roles/monitoring.metricWriter",
      "roles/monitoring.viewer",
    ])) == 0
    error_message = "roles are of: bigquery.jobUser, cloudtrace.agent, container.clusterViewer, logging.logWriter, monitoring.metricWriter, monitoring.viewer. Basic roles (owner, editor, viewer) never."
  }
}
