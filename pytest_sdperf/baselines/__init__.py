"""Results that were accepted before: format and store of baselines and reference pictures."""
