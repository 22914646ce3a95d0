bucket = "airpay-terraform-state"
prefix = "devops/production/access"
