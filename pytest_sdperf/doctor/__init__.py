"""Facts that `sdperf doctor` finds out about a machine, and what it says of them."""
