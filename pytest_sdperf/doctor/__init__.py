"""What `sdperf doctor` finds out about a machine, and says of it."""
