bucket = "airpay-terraform-state"
prefix = "payments/dev/global"
