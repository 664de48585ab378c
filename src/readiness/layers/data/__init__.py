"""Understood data; it has no check yet."""
