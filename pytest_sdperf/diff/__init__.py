"""Changes between two measurements: described, never judged."""
