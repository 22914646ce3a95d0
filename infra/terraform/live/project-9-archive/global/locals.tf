locals {
  estate  = yamldecode(file("${path.module}/../../../../estate.yaml"))
  project = local.estate.projects["archive"]

  # What every resource here carries; a call names its own component.
  labels = {
    team        = "security"
    product     = "payments"
    system      = "archive"
    component   = "platform"
    environment = "production"
    region      = "global"
    cost-center = "cc-5100"
    data-class  = "restricted"
    residency   = "eu"
    tier        = "0"
  }
}
