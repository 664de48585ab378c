"""Compares policies with a live catalogue: every way in which somebody can do more, or less, than they say, and its source.

`surroundings.read` reads what lies around the tables, `comparing.compare` says what differs. Nothing is written.
"""
