locals {
  estate    = yamldecode(file("${path.module}/../../../../estate.yaml"))
  project   = local.estate.projects["payments-prod"]
  site_name = "payments-prod-region-a"
  site      = local.estate.sites[local.site_name]

  # What every resource here carries; a call names its own component.
  labels = {
    team        = "platform"
    product     = "payments"
    system      = "payments"
    component   = "platform"
    environment = "production"
    region      = "region-a"
    cost-center = "cc-4100"
    data-class  = "confidential"
    residency   = "eu"
    tier        = "0"
  }
}
