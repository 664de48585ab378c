"""Benchmarks: each prints a ratio against a peer or the physical limit, both measured in the same run."""
