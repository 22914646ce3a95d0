locals {
  allowed_locations = concat(
    [for location in sort(var.residency[var.residency_class]) : "in:${location}-locations"],
    sort(tolist(var.multi_regions)),
  )

  # Constraints that are on or off.
  enforced = [
    "compute.disableNestedVirtualization",
    "compute.disableSerialPortAccess",
    "compute.requireOsLogin",
    "compute.requireShieldedVm",
    "compute.skipDefaultNetworkCreation",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.disableServiceAccountKeyCreation",
    "iam.disableServiceAccountKeyUpload",
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
  ]

  # Constraints that are lists. Whatever is not allowed is denied.
  allowed = {
    "gcp.resourceLocations"          = local.allowed_locations
    "iam.allowedPolicyMemberDomains" = concat(sort(tolist(var.customer_ids)), ["is:principalSet://iam.googleapis.com/${var.organization}"])
    "compute.vmExternalIpAccess"     = sort(tolist(var.external_ip_instances))
  }
  denied = {
    "gcp.restrictNonCmekServices" = sort(tolist(var.cmek_services))
  }

  constraints = toset(concat(local.enforced, keys(local.allowed), keys(local.denied)))
}

resource "google_org_policy_policy" "this" {
  for_each = local.constraints

  name   = "${var.parent}/policies/${each.value}"
  parent = var.parent

  spec {
    # What stands above is not added to this: an allowance up there would be one down here.
    inherit_from_parent = contains(local.enforced, each.value) ? null : false

    dynamic "rules" {
      for_each = contains(local.enforced, each.value) ? ["TRUE"] : []

      content {
        enforce = rules.value
      }
    }

    # An empty list of allowed values would allow everything.
    dynamic "rules" {
      for_each = try(length(local.allowed[each.value]), 1) == 0 ? ["TRUE"] : []

      content {
        deny_all = rules.value
      }
    }

    dynamic "rules" {
      for_each = try(length(local.allowed[each.value]), 0) > 0 ? [local.allowed[each.value]] : []

      content {
        values {
          allowed_values = rules.value
        }
      }
    }

    dynamic "rules" {
      for_each = try([local.denied[each.value]], [])

      content {
        values {
          denied_values = rules.value
        }
      }
    }
  }
}

# A policy is known everywhere after a few minutes. A project that is made before that gets what the policy forbids, a default network first of
# all, and keeps it.
resource "time_sleep" "known" {
  create_duration = "300s"
  triggers        = { constraints = join(",", sort(tolist(local.constraints))) }

  depends_on = [google_org_policy_policy.this]
}
