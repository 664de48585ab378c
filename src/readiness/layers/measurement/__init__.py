"""Measurable results: outcomes measured by their own query, locked before the build; a stop that stops."""
