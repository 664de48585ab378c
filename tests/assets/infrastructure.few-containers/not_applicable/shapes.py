"""A library."""

VALUE = 3
