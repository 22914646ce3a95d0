bucket = "airpay-terraform-state"
prefix = "payments/production/region-a"
