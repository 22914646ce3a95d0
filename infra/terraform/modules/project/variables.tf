variable "project_id" {
  description = "Id of the project to make; never changes."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "folder" {
  description = "Folder the project lies in, as folders/123. The organisation's policies are set there."
  type        = string

  validation {
    condition     = can(regex("^folders/[0-9]+$", var.folder))
    error_message = "folder is folders/ and a number: a project directly under the organisation would have no policies of its class."
  }
}

variable "billing_account" {
  description = "Billing account, as 012345-6789AB-CDEF01."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "A billing account is three groups of six hexadecimal digits, in capitals."
  }
}

variable "apis" {
  description = "APIs to enable beside those that every project has (main.tf). Only these: what is not enabled cannot be misused."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for api in var.apis : can(regex("^[a-z0-9]+\\.googleapis\\.com$", api))])
    error_message = "An API is written as compute.googleapis.com."
  }
}

variable "monthly_budget" {
  description = "Budget of one month, in whole units of the billing account's currency. There is no project without one; the budgets module reads it from the output."
  type        = number

  validation {
    condition     = var.monthly_budget >= 1 && floor(var.monthly_budget) == var.monthly_budget
    error_message = "monthly_budget is a whole number of at least 1."
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
