variable "project" {
  description = "Id of the project that holds the registry."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "issuer" {
  description = "Who vouches for the pipeline's tokens: the issuer of `signing` in estate.yaml."
  type        = string

  validation {
    condition     = can(regex("^https://[a-z0-9.-]+(/[A-Za-z0-9._/-]*)?$", var.issuer))
    error_message = "issuer is an https:// URL."
  }
}

variable "workflow" {
  description = "The one workflow, on the one branch, that may publish, as its token names it: <owner>/<repository>/.github/workflows/<file>@refs/heads/<branch>."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+/\\.github/workflows/[A-Za-z0-9._-]+\\.ya?ml@refs/heads/[A-Za-z0-9._/-]+$", var.workflow))
    error_message = "workflow is <owner>/<repository>/.github/workflows/<file>@refs/heads/<branch>, without wildcards; a tag can be moved and is not accepted."
  }
}
