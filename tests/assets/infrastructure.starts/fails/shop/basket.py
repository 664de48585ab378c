"""Needs what a package of a package brings."""

from middle import greet

TEXT = greet()
