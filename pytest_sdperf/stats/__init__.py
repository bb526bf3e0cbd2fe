"""Statistics: intervals, spreads and the sequential test; no I/O, no sentences."""
