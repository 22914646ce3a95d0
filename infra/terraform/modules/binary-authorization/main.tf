# What may run in the clusters of a project, as Google asks it at admission, whatever else is installed there: an image of ours, of a
# publisher that the platform uses, or of GKE itself. Kyverno asks the further questions, by which digest and who signed it (infra/gitops,
# ADR 0096): cosign's keyless signatures are something this policy cannot read.
resource "google_binary_authorization_policy" "this" {
  project     = var.project
  description = "Images of ours, of named publishers and of GKE itself; nothing else"

  # Google's own system images, by a list that Google keeps.
  global_policy_evaluation_mode = "ENABLE"

  dynamic "admission_whitelist_patterns" {
    for_each = sort(setunion(var.repositories, var.registries, var.publishers))

    content {
      name_pattern = "${admission_whitelist_patterns.value}/**"
    }
  }

  default_admission_rule {
    evaluation_mode  = "ALWAYS_DENY"
    enforcement_mode = var.enforcement
  }
}
