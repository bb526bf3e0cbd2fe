"""How a measurement is judged: latency, picture, proof, memory; pure."""
