bucket = "airpay-terraform-state"
prefix = "archive/production/global"
