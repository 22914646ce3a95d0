# Argo CD reaches the control planes of a project by their names at Google, which asks IAM before Kubernetes sees a byte. It gets through this
# door and no further: what it may do in a cluster is said there (infra/gitops/bootstrap/access.yaml).
resource "google_project_iam_custom_role" "clusters" {
  project     = var.project
  role_id     = "argocdClusters"
  title       = "Argo CD: control planes"
  description = "Reaches control planes by name; changes no cluster."
  permissions = ["container.clusters.connect", "container.clusters.get"]
}

resource "google_project_iam_member" "clusters" {
  project = var.project
  role    = google_project_iam_custom_role.clusters.id
  member  = var.argocd
}
