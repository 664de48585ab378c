"""Prints three reminders of one customer."""

from datetime import datetime, timezone

from reminders.plan import reminders
from reminders.table import render

if __name__ == "__main__":
    found = reminders(datetime(2022, 3, 1, tzinfo=timezone.utc), days=14, count=3)
    print(render([("ada", f"{moment:%Y-%m-%d}") for moment in found]))
