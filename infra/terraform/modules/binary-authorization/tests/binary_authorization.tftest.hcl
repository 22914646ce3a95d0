mock_provider "google" {}

variables {
  project      = "airpay-payments-prod"
  environment  = "production"
  repositories = ["europe-docker.pkg.dev/airpay-devops/payments"]
}

run "what_is_not_ours_is_refused_and_not_only_logged" {
  command = plan

  assert {
    condition     = google_binary_authorization_policy.this.default_admission_rule[0].evaluation_mode == "ALWAYS_DENY" && google_binary_authorization_policy.this.default_admission_rule[0].enforcement_mode == "ENFORCED_BLOCK_AND_AUDIT_LOG"
    error_message = "The default is to refuse."
  }

  assert {
    condition     = toset([for pattern in google_binary_authorization_policy.this.admission_whitelist_patterns : pattern.name_pattern]) == toset([for source in concat(tolist(var.repositories), tolist(var.publishers)) : "${source}/**"])
    error_message = "Exactly our repositories and the publishers are let in."
  }

  assert {
    condition     = google_binary_authorization_policy.this.global_policy_evaluation_mode == "ENABLE"
    error_message = "GKE's own components must run."
  }
}

# A component of the platform whose publisher is not named here would be refused by the cluster on the day of its rollout.
run "whatever_the_clusters_are_given_to_run_is_let_in" {
  command = plan

  assert {
    condition = length([
      for image in distinct(flatten([
        for path in fileset("../../../gitops", "**/*.yaml") :
        regexall("\n\\s*(?:- )?(?:image|repository): *[\"']?([a-z0-9-]+\\.[a-z0-9.-]+/[^\\s\"'@:]+)", file("../../../gitops/${path}"))
      ])) : image
      if !anytrue([for pattern in google_binary_authorization_policy.this.admission_whitelist_patterns : startswith(image, trimsuffix(pattern.name_pattern, "**"))])
    ]) == 0
    error_message = "An image of infra/gitops matches no pattern: add its publisher, or do not use it."
  }

  assert {
    condition = length([
      for path in fileset("../../../gitops", "rendered/*/*.yaml") : path
      if length(regexall("image: ${tolist(var.repositories)[0]}/ledger@sha256:", file("../../../gitops/${path}"))) > 0
    ]) >= 2
    error_message = "The manifests that are looked at must have images in them."
  }
}

run "a_publisher_that_nobody_named_would_be_found" {
  command = plan

  variables {
    publishers = ["docker.io/istio"]
  }

  assert {
    condition = contains(flatten([
      for path in fileset("../../../gitops", "**/*.yaml") :
      regexall("\n\\s*(?:- )?(?:image|repository): *[\"']?([a-z0-9-]+\\.[a-z0-9.-]+/[^\\s\"'@:]+)", file("../../../gitops/${path}"))
      if length(google_binary_authorization_policy.this.admission_whitelist_patterns) == 2
    ]), "quay.io/argoproj/argocd")
    error_message = "The images of the platform must be seen by the test above."
  }
}

run "a_whole_registry_of_others_is_refused" {
  command = plan

  variables {
    publishers = ["docker.io"]
  }

  expect_failures = [var.publishers]
}

run "an_unknown_registry_is_refused" {
  command = plan

  variables {
    publishers = ["registry.example.com/somebody"]
  }

  expect_failures = [var.publishers]
}

run "everything_is_refused" {
  command = plan

  variables {
    repositories = ["*"]
  }

  expect_failures = [var.repositories]
}

run "production_does_not_only_log" {
  command = plan

  variables {
    enforcement = "DRYRUN_AUDIT_LOG_ONLY"
  }

  expect_failures = [var.enforcement]
}

run "dev_may_only_log_at_first" {
  command = plan

  variables {
    environment = "dev"
    enforcement = "DRYRUN_AUDIT_LOG_ONLY"
  }

  assert {
    condition     = google_binary_authorization_policy.this.default_admission_rule[0].enforcement_mode == "DRYRUN_AUDIT_LOG_ONLY"
    error_message = "Outside production the first days may only log."
  }
}

run "a_service_runs_from_the_registry_of_its_project" {
  command = plan

  variables {
    registries = ["europe-west1-docker.pkg.dev/airpay-payments-prod", "europe-west4-docker.pkg.dev/airpay-payments-prod"]
  }

  assert {
    condition = length(setsubtract(
      ["europe-west1-docker.pkg.dev/airpay-payments-prod/**", "europe-west4-docker.pkg.dev/airpay-payments-prod/**"],
      [for pattern in google_binary_authorization_policy.this.admission_whitelist_patterns : pattern.name_pattern],
    )) == 0
    error_message = "What the template makes must be admitted, in each region."
  }

  # What Kyverno takes besides (image-references) and this one does not would never start; the reverse is what two questions are for.
  assert {
    condition = alltrue([for registry in var.registries : can(regex(
      regex("container\\.image\\.matches\\('(\\^europe-\\([^']+)'\\)", file("../../../gitops/platform-components/kyverno-policies/base/image-references.yaml"))[0],
      "${registry}/shop/service",
    ))])
    error_message = "Kyverno asks the same of an image of a service."
  }
}

run "refuses_the_registry_of_another_project" {
  command = plan

  variables {
    registries = ["europe-west1-docker.pkg.dev/airpay-payments-dev"]
  }

  expect_failures = [var.registries]
}

run "refuses_a_registry_of_several_regions" {
  command = plan

  variables {
    registries = ["europe-docker.pkg.dev/airpay-payments-prod"]
  }

  expect_failures = [var.registries]
}
