"""Whose limits and baselines count: those of the change, or of a revision that it must not relax."""
