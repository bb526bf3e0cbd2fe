"""All that imports pytest: hooks, fixtures, one run, progress, and what a tree of tests declares."""
