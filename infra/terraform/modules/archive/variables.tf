variable "project" {
  description = "Id of the project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "repositories" {
  description = "Site -> bucket of its pgBackRest repository, location, key, accounts of the database machines that write there, and days for which a copy cannot be deleted by anybody."
  type = map(object({
    bucket         = string
    location       = string
    kms_key_id     = string
    writers        = list(string)
    retention_days = optional(number, 35)
  }))

  validation {
    condition     = alltrue([for repository in values(var.repositories) : can(regex("^[a-z0-9][a-z0-9-]{1,54}[a-z0-9]$", repository.bucket))])
    error_message = "A repository's bucket has 3 to 56 lower-case letters, digits and hyphens: the locked copy adds seven more."
  }

  validation {
    condition     = alltrue([for repository in values(var.repositories) : can(regex("^[a-z]+-[a-z]+[0-9]+$", repository.location))])
    error_message = "location is one region, that of the database: a group of regions would let data wander."
  }

  validation {
    condition     = alltrue([for repository in values(var.repositories) : length(repository.writers) > 0 && alltrue([for writer in repository.writers : can(regex("^[a-z][a-z0-9-]+@[a-z][a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", writer))])])
    error_message = "writers are e-mail addresses of service accounts, one at least."
  }

  validation {
    condition     = alltrue([for repository in values(var.repositories) : repository.retention_days >= 30 && repository.retention_days <= 400])
    error_message = "Copies of backups are locked for at least 30 days, and 400 at most: a lock cannot be shortened."
  }

  validation {
    condition     = alltrue([for repository in values(var.repositories) : can(regex("/locations/${repository.location}/", repository.kms_key_id))])
    error_message = "A bucket's key lies in the location of the bucket."
  }
}

variable "logs" {
  description = "audit and raw -> bucket, location, key, and days for which nothing in it can be deleted by anybody."
  type = object({
    audit = object({ bucket = string, location = string, kms_key_id = string, retention_days = optional(number, 365) })
    raw   = object({ bucket = string, location = string, kms_key_id = string, retention_days = optional(number, 2557) })
  })

  validation {
    condition     = var.logs.audit.retention_days >= 365 && var.logs.raw.retention_days >= 2557
    error_message = "Audit logs are kept for 365 days at least, raw logs for 2557 (7 years and two leap days)."
  }

  validation {
    condition     = var.logs.audit.retention_days <= 3650 && var.logs.raw.retention_days <= 3650
    error_message = "Ten years at most: a lock cannot be shortened."
  }

  validation {
    condition     = alltrue([for log in values(var.logs) : can(regex("/locations/${log.location}/", log.kms_key_id))])
    error_message = "A bucket's key lies in the location of the bucket."
  }
}

variable "auditors" {
  description = "Group that reads the logs, as auditors@airpay.example."
  type        = string

  validation {
    condition     = can(regex("^[^@: ]+@[^@ ]+$", var.auditors))
    error_message = "auditors is the address of a group."
  }
}

variable "restorers" {
  description = "Accounts (members) that read repositories and their locked copies for restore tests; none by default."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.restorers : can(regex("^(serviceAccount|group):[^@ ]+@[^@ ]+$", member))])
    error_message = "A restorer is serviceAccount:… or group:…."
  }
}

variable "copies_from" {
  description = "Day of the first hourly copy, as 2026-12-01."
  type        = string
  default     = "2026-12-01"

  validation {
    condition     = can(formatdate("YYYY-MM-DD", "${var.copies_from}T00:00:00Z"))
    error_message = "copies_from is a day, as 2026-12-01."
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
