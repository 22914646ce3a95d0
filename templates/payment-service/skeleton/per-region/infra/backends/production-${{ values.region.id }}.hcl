bucket = "${{ values.stateBucket }}"
prefix = "${{ values.system }}/production/services/${{ values.name }}/${{ values.region.id }}"
