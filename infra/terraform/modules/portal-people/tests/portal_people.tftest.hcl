mock_provider "google" {}

variables {
  project = "airpay-devops"
  groups  = ["platform@airpay.example", "payments@airpay.example"]
}

run "groups_get_through" {
  assert {
    condition     = toset([for binding in google_iap_web_iam_member.people : binding.member]) == toset(["group:platform@airpay.example", "group:payments@airpay.example"])
    error_message = "The groups that are named, as groups."
  }

  assert {
    condition     = alltrue([for binding in google_iap_web_iam_member.people : binding.role == "roles/iap.httpsResourceAccessor"])
    error_message = "To open it is all they may."
  }
}

run "everybody_is_refused" {
  command = plan

  variables {
    groups = ["allAuthenticatedUsers"]
  }

  expect_failures = [var.groups]
}

run "nobody_is_a_mistake" {
  command = plan

  variables {
    groups = []
  }

  expect_failures = [var.groups]
}
