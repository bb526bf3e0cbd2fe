"""Run a case: start fresh processes, tell them what to draw, time it and collect what it proved."""
