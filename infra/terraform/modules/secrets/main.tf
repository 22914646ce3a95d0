# No google_secret_manager_secret_version anywhere: a value in Terraform would be a value in its state.
resource "google_secret_manager_secret" "this" {
  for_each = var.secrets

  project   = var.project
  secret_id = each.key
  labels    = merge(var.labels, { reader = "cluster" })

  # One location, that of the site: "automatic" would copy the value to places its residency class does not have.
  replication {
    user_managed {
      replicas {
        location = var.location

        customer_managed_encryption {
          kms_key_name = var.kms_key_id
        }
      }
    }
  }

  rotation {
    rotation_period    = "${each.value.rotation_days * 86400}s"
    next_rotation_time = timeadd(plantimestamp(), "${each.value.rotation_days * 24}h")
  }

  topics {
    name = google_pubsub_topic.rotation.id
  }

  # A version that is destroyed by mistake can be brought back for a month.
  version_destroy_ttl = "2592000s"
  deletion_protection = true

  lifecycle {
    prevent_destroy = true
    # Google moves it on with every rotation.
    ignore_changes = [rotation[0].next_rotation_time]
  }

  # Google tries the topic while it makes the secret, and refuses it while the grant is not known everywhere.
  depends_on = [time_sleep.publishers]
}

# Authoritative, and per secret: who may read one may not read its neighbour, and whoever was added by hand goes.
resource "google_secret_manager_secret_iam_binding" "readers" {
  for_each = var.secrets

  project   = var.project
  secret_id = google_secret_manager_secret.this[each.key].secret_id
  role      = "roles/secretmanager.secretAccessor"
  members   = each.value.readers
}

resource "google_pubsub_topic" "rotation" {
  project      = var.project
  name         = "${var.name}-secret-rotation"
  kms_key_name = var.kms_key_id
  labels       = var.labels

  # Names of secrets and times, no values; a week for whoever rotates to come back.
  message_retention_duration = "604800s"

  # Kept in that region wherever it was sent from. Not enforce_in_transit: Secret Manager publishes from a region of its own, would be refused, and
  # with it the secret.
  message_storage_policy {
    allowed_persistence_regions = [var.location]
  }
}

resource "google_pubsub_topic_iam_binding" "publishers" {
  project = var.project
  topic   = google_pubsub_topic.rotation.name
  role    = "roles/pubsub.publisher"
  members = ["serviceAccount:service-${var.project_number}@gcp-sa-secretmanager.iam.gserviceaccount.com"]
}

resource "time_sleep" "publishers" {
  create_duration = "120s"
  triggers        = { members = join(",", google_pubsub_topic_iam_binding.publishers.members) }
}
