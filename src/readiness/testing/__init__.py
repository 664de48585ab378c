"""Builders for tests of checks, ours and those of others."""
