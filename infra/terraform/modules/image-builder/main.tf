# Who builds the image of the database machines (infra/packer). People of a group become it for the minutes of a build; it has no key.
resource "google_service_account" "builder" {
  project      = var.project
  account_id   = "image-builder"
  display_name = "image-builder"
  description  = "Builds images with Packer. May change and delete nothing but its own machine."
}

# Authoritative: this group, and whoever was added by hand goes.
resource "google_service_account_iam_binding" "people" {
  service_account_id = google_service_account.builder.name
  role               = "roles/iam.serviceAccountTokenCreator"
  members            = ["group:${var.group}"]
}

# The machine runs as no account, so there is none to use. The tunnel and the login are for the project, and the network lets the tunnel in to the
# tag of the building machine only (root project-0-devops/hub).
resource "google_project_iam_custom_role" "build" {
  project     = var.project
  role_id     = "imageBuilder"
  title       = "Image builder"
  description = "Makes a machine and an image of it; changes nothing that is there."
  permissions = [
    "compute.disks.create",
    "compute.disks.get",
    "compute.disks.setLabels",
    "compute.disks.use",
    "compute.disks.useReadOnly",
    "compute.globalOperations.get",
    "compute.images.create",
    "compute.images.get",
    "compute.images.getFromFamily",
    "compute.images.list",
    "compute.images.setLabels",
    "compute.images.useReadOnly",
    "compute.instances.create",
    "compute.instances.get",
    "compute.instances.getSerialPortOutput",
    "compute.instances.list",
    "compute.instances.osAdminLogin",
    "compute.instances.setLabels",
    "compute.instances.setTags",
    "compute.machineTypes.get",
    "compute.projects.get",
    "compute.subnetworks.get",
    "compute.subnetworks.use",
    "compute.zoneOperations.get",
    "compute.zones.get",
    "compute.zones.list",
    "iap.tunnelInstances.accessViaIAP",
  ]
}

resource "google_project_iam_custom_role" "own" {
  project     = var.project
  role_id     = "imageBuilderOwn"
  title       = "Image builder: its own machine"
  description = "Stops and deletes the machine that an image was built on."
  permissions = ["compute.disks.delete", "compute.instances.delete", "compute.instances.setMetadata", "compute.instances.stop"]
}

resource "google_project_iam_member" "build" {
  project = var.project
  role    = google_project_iam_custom_role.build.id
  member  = google_service_account.builder.member
}

resource "google_project_iam_member" "own" {
  project = var.project
  role    = google_project_iam_custom_role.own.id
  member  = google_service_account.builder.member

  condition {
    title       = "machines of Packer"
    description = "Packer names them packer-<number>; nodes and the bastion have other names."
    expression  = "resource.name.extract(\"/instances/{name}\").startsWith(\"packer-\") || resource.name.extract(\"/disks/{name}\").startsWith(\"packer-\")"
  }
}
