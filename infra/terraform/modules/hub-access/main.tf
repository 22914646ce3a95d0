# What a payments project uses of the hub, and its deployer needs for it: the names of its databases are told to the hub's network, it looks
# up names of the hub's, and its database machines start from the image that is built here. Google asks for each of these rights at the project of
# the network and of the image, not at the one of the zone or the machine.
resource "google_project_iam_custom_role" "spokes" {
  project     = var.project
  role_id     = "payments"
  title       = "Payments: networks and images of the hub"
  description = "Binds zones to the hub's network, looks names up there, and starts machines from its images; changes none of them."
  permissions = [
    "compute.images.get",
    "compute.images.getFromFamily",
    "compute.images.useReadOnly",
    "compute.networks.get",
    "dns.networks.bindPrivateDNSZone",
    "dns.networks.targetWithPeeringZone",
  ]
}

resource "google_project_iam_member" "spokes" {
  for_each = var.deployers

  project = var.project
  role    = google_project_iam_custom_role.spokes.id
  member  = "serviceAccount:${each.value}"
}

# Who plans and who applies a service's root asks for the hub's number: the pool of the pipelines that push is named by it. That, and nothing
# else: the roles of Google's that can say a project's number can say who may do what in it, too.
resource "google_project_iam_custom_role" "number" {
  project     = var.project
  role_id     = "paymentsNumber"
  title       = "Payments: number of the hub"
  description = "Reads the name and the number of the project."
  permissions = ["resourcemanager.projects.get"]
}

resource "google_project_iam_member" "number" {
  for_each = merge(
    { for environment, account in var.deployers : "deployer/${environment}" => account },
    { for environment, account in var.planners : "planner/${environment}" => account },
  )

  project = var.project
  role    = google_project_iam_custom_role.number.id
  member  = "serviceAccount:${each.value}"
}

# The image is encrypted, so whoever starts from it must be able to read the key: Compute Engine's own account of each spoke.
resource "google_kms_crypto_key_iam_member" "image" {
  for_each = var.project_numbers

  crypto_key_id = var.image_key
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  member        = "serviceAccount:service-${each.value}@compute-system.iam.gserviceaccount.com"
}
