locals {
  name = "${{ values.name }}"

  # Every resource carries these: cost, ownership and residency are read from them.
  labels = {
    team        = "${{ values.team }}"
    product     = "payments"
    system      = "${{ values.system }}"
    component   = local.name
    environment = var.environment
    region      = var.region
    cost-center = "${{ values.costCenter }}"
    data-class  = "confidential"
    residency   = "eu"
    tier        = "${{ values.tier }}"
  }
}
