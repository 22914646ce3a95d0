bucket = "airpay-terraform-state"
prefix = "payments/dev/region-a"
