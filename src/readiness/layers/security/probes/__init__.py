"""Attacks on a running demo, told by what comes back and never by a model that judges."""
