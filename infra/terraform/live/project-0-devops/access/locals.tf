locals {
  estate  = yamldecode(file("${path.module}/../../../../estate.yaml"))
  project = local.estate.projects["devops"]

  # What every resource here carries; a call names its own component.
  labels = {
    team        = "platform"
    product     = "payments"
    system      = "devops"
    component   = "platform"
    environment = "production"
    region      = "access"
    cost-center = "cc-5100"
    data-class  = "internal"
    residency   = "eu"
    tier        = "1"
  }
}
