"""What this machine is, and what it lacks: detection in layers, requirements with reasons, the machine key."""
