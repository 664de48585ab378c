"""Layer 1, reproducible infrastructure: recreate the environment anywhere, on demand, with the same result."""
