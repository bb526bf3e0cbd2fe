"""How a case is measured: its processes, its pairs, its reference pictures."""
