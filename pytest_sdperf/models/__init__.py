"""Where weights come from: synthetic, a local folder, the hub."""
