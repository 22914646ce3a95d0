locals {
  estate  = yamldecode(file("${path.module}/../../../../estate.yaml"))
  project = local.estate.projects["devops"]
  site    = local.estate.sites["hub"]

  # Debian of one day. A newer one is a change of this line, like any other.
  bastion_image = "projects/debian-cloud/global/images/debian-12-bookworm-v20251014"

  # What every resource here carries; a call names its own component.
  labels = {
    team        = "platform"
    product     = "payments"
    system      = "devops"
    component   = "platform"
    environment = "production"
    region      = "hub"
    cost-center = "cc-5100"
    data-class  = "internal"
    residency   = "eu"
    tier        = "1"
  }
}
