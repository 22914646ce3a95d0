variable "project" {
  description = "Project whose clusters Argo CD fills."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "argocd" {
  description = "Argo CD's account at Google, as an IAM member."
  type        = string

  validation {
    condition     = can(regex("^serviceAccount:argocd@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", var.argocd))
    error_message = "Argo CD's own service account: no person, no group and no other account."
  }
}
