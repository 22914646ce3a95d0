variable "project" {
  description = "Project whose clusters ask this policy. A project has one policy for all of them."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id is 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "repositories" {
  description = "Our own repositories, whole: europe-docker.pkg.dev/airpay-devops/payments."
  type        = set(string)

  validation {
    condition     = length(var.repositories) > 0 && alltrue([for repository in var.repositories : can(regex("^[a-z0-9-]+-docker\\.pkg\\.dev/airpay-[a-z-]+/[a-z0-9-]+$", repository))])
    error_message = "A repository of ours: <location>-docker.pkg.dev/airpay-<project>/<repository>."
  }
}

variable "registries" {
  description = "Registries of this project where services have repositories of their own, one each: europe-west1-docker.pkg.dev/airpay-payments-prod. Whose signature they need is Kyverno's question."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for registry in var.registries : can(regex("^[a-z]+-[a-z]+[0-9]+-docker\\.pkg\\.dev/", registry)) && endswith(registry, "/${var.project}")])
    error_message = "A registry of this project, in one region: <location>-docker.pkg.dev/<project>."
  }
}

variable "publishers" {
  description = "Whose images the platform's components are (infra/gitops). A publisher at a registry, never a registry."
  type        = set(string)
  default = [
    "docker.io/grafana",
    "docker.io/istio",
    "docker.io/otel",
    "ghcr.io/external-secrets",
    "ghcr.io/kedacore",
    "ghcr.io/runatlantis",
    "public.ecr.aws/docker/library",
    "quay.io/argoproj",
    "quay.io/jetstack",
    "quay.io/prometheus",
    "quay.io/thanos",
    "reg.kyverno.io/kyverno",
    "registry.k8s.io/kube-state-metrics",
  ]

  validation {
    condition     = alltrue([for publisher in var.publishers : can(regex("^(docker\\.io|ghcr\\.io|quay\\.io|public\\.ecr\\.aws|reg\\.kyverno\\.io|registry\\.k8s\\.io)(/[a-z0-9-]+)+$", publisher))])
    error_message = "One of the known registries with a publisher's name after it."
  }
}

variable "enforcement" {
  description = "What happens to an image from elsewhere. Only logging is for the days before the first enforcement, never for production."
  type        = string
  default     = "ENFORCED_BLOCK_AND_AUDIT_LOG"

  validation {
    condition     = contains(["ENFORCED_BLOCK_AND_AUDIT_LOG", "DRYRUN_AUDIT_LOG_ONLY"], var.enforcement)
    error_message = "ENFORCED_BLOCK_AND_AUDIT_LOG or DRYRUN_AUDIT_LOG_ONLY."
  }

  validation {
    condition     = var.enforcement == "ENFORCED_BLOCK_AND_AUDIT_LOG" || var.environment != "production"
    error_message = "Production enforces."
  }
}

variable "environment" {
  description = "Environment of the project."
  type        = string

  validation {
    condition     = contains(["production", "dev"], var.environment)
    error_message = "production or dev."
  }
}
