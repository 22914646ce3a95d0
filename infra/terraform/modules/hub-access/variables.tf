variable "project" {
  description = "Project of the hub."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "deployers" {
  description = "Environment -> e-mail address of the account that applies Terraform there."
  type        = map(string)

  validation {
    condition     = alltrue([for environment in keys(var.deployers) : contains(["dev", "prod"], environment)])
    error_message = "The environments of the spokes: dev and prod. The hub's own deployer has these rights already."
  }
}

variable "planners" {
  description = "Environment -> e-mail address of the account that plans Terraform there."
  type        = map(string)

  validation {
    condition     = keys(var.planners) == keys(var.deployers)
    error_message = "The planner of each environment that has a deployer here."
  }
}

variable "project_numbers" {
  description = "Environment -> number of its project; Google's own accounts are named after it."
  type        = map(string)

  validation {
    condition     = keys(var.project_numbers) == keys(var.deployers) && alltrue([for number in values(var.project_numbers) : can(regex("^[0-9]+$", number))])
    error_message = "The number of the project of each deployer."
  }
}

variable "image_key" {
  description = "Key that the image of the database machines is encrypted with (infra/packer), as projects/…/cryptoKeys/…."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.image_key))
    error_message = "image_key is projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}
