"""What changed between two measurements: described, never judged."""
