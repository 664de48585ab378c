"""Puts the project itself on the search path of its tests."""
