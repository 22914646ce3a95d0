locals {
  # Google's own accounts, by service. They exist once the project module is applied.
  agents = {
    artifactregistry = "service-${var.project_number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    bigquery         = "bq-${var.project_number}@bigquery-encryption.iam.gserviceaccount.com"
    compute          = "service-${var.project_number}@compute-system.iam.gserviceaccount.com"
    container        = "service-${var.project_number}@container-engine-robot.iam.gserviceaccount.com"
    logging          = "service-${var.project_number}@gcp-sa-logging.iam.gserviceaccount.com"
    pubsub           = "service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    secretmanager    = "service-${var.project_number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    sqladmin         = "service-${var.project_number}@gcp-sa-cloud-sql.iam.gserviceaccount.com"
    storage          = "service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com"
  }

  members = { for name, key in var.keys : name => setunion(
    [for service in key.services : "serviceAccount:${local.agents[service]}"],
    key.encrypters,
  ) }
}

resource "google_kms_key_ring" "this" {
  project  = var.project
  location = var.location
  name     = var.name

  # A key ring cannot be deleted, only forgotten: its name would then be taken for ever.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key" "this" {
  for_each = var.keys

  name            = each.key
  key_ring        = google_kms_key_ring.this.id
  purpose         = "ENCRYPT_DECRYPT"
  rotation_period = "${var.rotation_days * 86400}s"
  labels          = var.labels

  # Time to notice: whoever destroys a version has 30 days in which it can be brought back.
  destroy_scheduled_duration = "2592000s"

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = var.protection_level
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Authoritative for this role: who was let in by hand is out at the next apply.
resource "google_kms_crypto_key_iam_binding" "encrypters" {
  for_each = var.keys

  crypto_key_id = google_kms_crypto_key.this[each.key].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  members       = local.members[each.key]
}

# A grant takes up to a minute or two to be known everywhere; a bucket made before that is refused. The key ids wait for it.
resource "time_sleep" "grants" {
  create_duration = "120s"
  triggers        = { for name, members in local.members : name => join(",", members) }

  depends_on = [google_kms_crypto_key_iam_binding.encrypters]
}
