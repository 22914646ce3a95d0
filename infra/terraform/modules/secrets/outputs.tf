output "ids" {
  description = "Id of the secret -> its full name (projects/P/secrets/S)."
  value       = { for id, secret in google_secret_manager_secret.this : id => secret.id }
}

output "rotation_topic" {
  description = "Full name of the topic that is told when a secret is due."
  value       = google_pubsub_topic.rotation.id
}
