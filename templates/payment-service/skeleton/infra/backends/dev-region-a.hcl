bucket = "${{ values.stateBucket }}"
prefix = "${{ values.system }}/dev/services/${{ values.name }}/region-a"
