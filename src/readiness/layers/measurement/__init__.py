"""Measurable results; it has no check yet."""
