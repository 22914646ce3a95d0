variable "project" {
  description = "Project of the load balancers that the policy is attached to."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id is 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "name" {
  description = "Name of the policy, as GCPBackendPolicy objects name it (securityPolicy)."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "Lower case letters, digits and hyphens, at most 63."
  }
}

variable "waf_rules" {
  description = "Google's preconfigured rule sets, in the order they are asked. `methodenforcement` is not among the first choice: it refuses PUT, PATCH and DELETE."
  type        = list(string)
  default     = ["sqli", "xss", "lfi", "rfi", "rce", "protocolattack", "scannerdetection", "sessionfixation", "nodejs", "cve-canary"]

  validation {
    condition = length(var.waf_rules) == length(distinct(var.waf_rules)) && length(setsubtract(var.waf_rules, [
      "sqli", "xss", "lfi", "rfi", "rce", "methodenforcement", "scannerdetection", "protocolattack", "php", "sessionfixation", "java", "nodejs", "cve-canary", "json-sqli-canary",
    ])) == 0
    error_message = "Each once, of those Google has: sqli, xss, lfi, rfi, rce, methodenforcement, scannerdetection, protocolattack, php, sessionfixation, java, nodejs, cve-canary, json-sqli-canary."
  }

  validation {
    condition     = length(setsubtract(["sqli", "xss", "lfi", "rce", "protocolattack", "scannerdetection"], var.waf_rules)) == 0
    error_message = "Injection, scripting, inclusion, execution, protocol attacks and scanners are always refused."
  }
}

variable "waf_sensitivity" {
  description = "1 refuses what is certainly an attack; each step up to 4 refuses more, and more that is none."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 3, 4], var.waf_sensitivity)
    error_message = "1, 2, 3 or 4."
  }
}

variable "rate_limit" {
  description = "Requests that one address may make in so many seconds; beyond them it gets 429. The rule's text is made from these numbers."
  type = object({
    requests = number
    seconds  = number
  })

  validation {
    condition     = contains([10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600], var.rate_limit.seconds)
    error_message = "Cloud Armor counts over 10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700 or 3600 seconds."
  }

  validation {
    condition     = var.rate_limit.requests >= 1 && var.rate_limit.requests <= 10000 && floor(var.rate_limit.requests) == var.rate_limit.requests
    error_message = "A whole number from 1 to 10000."
  }
}

variable "preview" {
  description = "True: what the rules would refuse is logged and let through. For the first days of a new rule."
  type        = bool
  default     = false
}
