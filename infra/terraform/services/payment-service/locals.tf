locals {
  estate = yamldecode(file("${path.module}/../../../estate.yaml"))

  # Where a service can be: the sites of the payments platform, by environment and region.
  sites   = { for site in values(local.estate.sites) : "${site.environment}/${site.region}" => site if site.role != "hub" }
  site    = local.sites["${var.environment}/${var.region}"]
  project = local.estate.projects[local.site.project]

  # Keys of the region (module region): the organisation lets nothing be stored that is not encrypted with one.
  keys = "projects/${local.project}/locations/${local.site.location}/keyRings/${local.site.project}-${var.region}/cryptoKeys"

  # The cluster's nodes pull the images, and Kyverno reads their signatures before a pod starts.
  image_readers = toset([for account in ["gke-system", "gke-application", "gke-auto", "kyverno"] :
    "serviceAccount:${account}-${var.region}@${local.project}.iam.gserviceaccount.com"
  ])

  # The service's own pipeline, ci.yml on main of its own repository, and nobody else's (module service-publishers).
  publisher = "principalSet://iam.googleapis.com/projects/${data.google_project.hub.number}/locations/global/workloadIdentityPools/services/attribute.workflow/${local.estate.git.organization}/${var.name}/.github/workflows/ci.yml@refs/heads/main"

  # Every resource carries these: cost, ownership and residency are read from them.
  labels = {
    team        = var.team
    product     = "payments"
    system      = "payments"
    component   = var.name
    environment = var.environment
    region      = var.region
    cost-center = var.cost_center
    data-class  = "confidential"
    residency   = local.site.residency
    tier        = var.tier
  }
}
