# The image of the database machines: Debian with the packages of infra/ansible, hardened, and nothing of any installation in it. What a
# machine is (its region, its cluster, its certificates and passwords) comes when Ansible runs there. See README.md.
packer {
  required_version = "~> 1.11"

  required_plugins {
    googlecompute = {
      source  = "github.com/hashicorp/googlecompute"
      version = "= 1.2.4"
    }

    ansible = {
      source  = "github.com/hashicorp/ansible"
      version = "= 1.1.4"
    }
  }
}

variable "project" {
  description = "Project that builds and keeps the image; the database projects may read it."
  type        = string
  default     = "airpay-devops"
}

variable "location" {
  description = "Where the image is built and stored."
  type        = string
  default     = "europe-north1"
}

variable "subnetwork" {
  description = "Subnetwork of the building machine: application tier of the hub, which reaches Debian's mirrors through NAT."
  type        = string
  default     = "projects/airpay-devops/regions/europe-north1/subnetworks/devops-hub-application"
}

variable "kms_key" {
  description = "Key of the disk while it is built and of the image."
  type        = string
  default     = "projects/airpay-devops/locations/europe-north1/keyRings/devops-hub/cryptoKeys/disks"
}

variable "builder" {
  description = "Service account that Packer becomes; it may make machines and images in the project and nothing else."
  type        = string
  default     = "image-builder@airpay-devops.iam.gserviceaccount.com"
}

variable "commit" {
  description = "Commit of this repository that the image is built from, twelve hexadecimal digits."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{12}$", var.commit))
    error_message = "The commit is its first twelve hexadecimal digits: an image that cannot be traced is not built."
  }
}

locals {
  labels = {
    team        = "sre"
    product     = "payments"
    system      = "payments"
    component   = "postgresql"
    environment = "production"
    region      = "hub"
    cost-center = "payments"
    data-class  = "none"
    residency   = "eu"
    tier        = "0"
  }
}

source "googlecompute" "postgresql" {
  project_id                  = var.project
  impersonate_service_account = var.builder
  zone                        = "${var.location}-a"

  # One image by its name, not a family: what is built tomorrow is what was tested today.
  source_image            = "debian-12-bookworm-v20251014"
  source_image_project_id = ["debian-cloud"]

  image_family            = "airpay-postgresql-15"
  image_name              = "airpay-postgresql-15-${formatdate("YYYYMMDD-hhmm", timestamp())}"
  image_description       = "PostgreSQL 15, Patroni, etcd, HAProxy and pgBackRest on Debian 12, from ${var.commit}"
  image_labels            = merge(local.labels, { commit = var.commit })
  image_storage_locations = [var.location]

  image_encryption_key {
    kmsKeyName = var.kms_key
  }

  disk_encryption_key {
    kmsKeyName = var.kms_key
  }

  machine_type = "e2-standard-2"
  disk_type    = "pd-balanced"
  disk_size    = 30
  labels       = local.labels

  # Reached through Identity-Aware Proxy; no address in the internet.
  subnetwork       = var.subnetwork
  omit_external_ip = true
  use_internal_ip  = true
  use_iap          = true
  use_os_login     = true
  tags             = ["iap-ssh", "egress"]

  # It may call nothing of Google's while it is built.
  disable_default_service_account = true

  enable_secure_boot          = true
  enable_vtpm                 = true
  enable_integrity_monitoring = true

  metadata = {
    block-project-ssh-keys = "true"
  }

  ssh_username  = "packer"
  state_timeout = "10m"
}

build {
  sources = ["source.googlecompute.postgresql"]

  provisioner "ansible" {
    playbook_file = "${path.root}/image.yml"
    use_proxy     = false
    user          = build.User

    ansible_env_vars = [
      "ANSIBLE_ROLES_PATH=${path.root}/../ansible/roles",
      "ANSIBLE_STDOUT_CALLBACK=yaml",
    ]

    timeout = "30m"
  }
}
