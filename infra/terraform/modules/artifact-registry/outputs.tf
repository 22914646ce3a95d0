output "host" {
  description = "Prefix of the images: <location>-docker.pkg.dev/<project>/<repository>."
  value       = "${google_artifact_registry_repository.images.location}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "apt_repositories" {
  description = "Name -> address for apt with the transport ar+https, and the suite."
  value = { for name, suite in local.suites : name => {
    uri   = "ar+https://${google_artifact_registry_repository.packages[name].location}-apt.pkg.dev/remote/${var.project}/${google_artifact_registry_repository.packages[name].repository_id}"
    suite = suite.name
  } }
}
