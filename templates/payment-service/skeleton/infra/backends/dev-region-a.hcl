bucket = "${{ values.stateBucket }}"
prefix = "${{ values.system }}/${{ values.name }}/dev/region-a"
