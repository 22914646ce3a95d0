# What may run in the clusters of a project, as Google asks it at admission, whatever else is installed there: an image from our own
# registries, or one of GKE's own. Kyverno asks the further question, who signed it (infra/gitops, ADR 0096): cosign's keyless signatures are
# something this policy cannot read.
resource "google_binary_authorization_policy" "this" {
  project     = var.project
  description = "Images of our registries and of GKE itself; nothing else"

  # Google's own system images, by a list that Google keeps.
  global_policy_evaluation_mode = "ENABLE"

  dynamic "admission_whitelist_patterns" {
    for_each = sort(var.allowed_images)

    content {
      name_pattern = admission_whitelist_patterns.value
    }
  }

  default_admission_rule {
    evaluation_mode  = "ALWAYS_DENY"
    enforcement_mode = var.enforcement
  }
}
