project     = "${{ values.devProject }}"
environment = "dev"
region      = "region-a"
location    = "${{ values.regions[0].location }}"
host        = null
