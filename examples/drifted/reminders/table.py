"""Reminders as a table."""

from tabulate import tabulate


def render(rows: list[tuple[str, str]]) -> str:
    """The rows under their headings."""
    return tabulate(rows, headers=["customer", "when"])
