# What this service is. Three values and nothing else; the platform's Terraform does the rest.
team        = "${{ values.team }}"
cost_center = "${{ values.costCenter }}"
tier        = "${{ values.tier }}"
