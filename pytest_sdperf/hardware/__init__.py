"""Facts of this machine, and what it lacks: detection in layers, requirements with reasons, the machine key."""
