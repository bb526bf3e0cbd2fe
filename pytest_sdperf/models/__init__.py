"""Where weights come from: bundled, synthetic, a local folder, the hub."""
