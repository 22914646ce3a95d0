mock_provider "google" {}

variables {
  project = "airpay-devops"
  groups  = ["platform@airpay.example", "payments@airpay.example"]
}

run "groups_get_to_the_door" {
  command = plan

  assert {
    condition     = toset(output.members) == toset(["group:platform@airpay.example", "group:payments@airpay.example"])
    error_message = "The groups, as groups."
  }

  assert {
    condition     = alltrue([for binding in google_iap_web_iam_member.people : binding.role == "roles/iap.httpsResourceAccessor"])
    error_message = "As far as the sign-in page, no further."
  }
}

run "refuses_everybody" {
  command = plan

  variables {
    groups = ["allUsers"]
  }

  expect_failures = [var.groups]
}

run "refuses_nobody" {
  command = plan

  variables {
    groups = []
  }

  expect_failures = [var.groups]
}
