bucket = "airpay-terraform-state"
prefix = "payments/production/global"
