output "repositories" {
  description = "Site -> { bucket, locked_copy }: where its database machines write, and the copy that nobody can delete."
  value = { for site, bucket in google_storage_bucket.repository : site => {
    bucket      = bucket.name
    locked_copy = google_storage_bucket.locked_copy[site].name
  } }
}

output "log_buckets" {
  description = "audit and raw -> name of the bucket, for the sinks."
  value       = { for kind, bucket in google_storage_bucket.logs : kind => bucket.name }
}

output "retention_days" {
  description = "Bucket -> days for which nothing in it can be deleted, for the page that shows retention."
  value = { for bucket in concat(values(google_storage_bucket.locked_copy), values(google_storage_bucket.logs)) :
    bucket.name => floor(bucket.retention_policy[0].retention_period / 86400)
  }
}
