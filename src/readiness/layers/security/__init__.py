"""Codified security; it has no check yet."""
