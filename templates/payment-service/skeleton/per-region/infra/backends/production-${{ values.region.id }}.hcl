bucket = "${{ values.stateBucket }}"
prefix = "${{ values.system }}/${{ values.name }}/production/${{ values.region.id }}"
