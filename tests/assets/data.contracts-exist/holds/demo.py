"""Counts tickets and the words of the handbook."""

import csv
from pathlib import Path

with open("data/tickets.csv", newline="") as handle:
    tickets = list(csv.DictReader(handle))
words = sum(len(path.read_text().split()) for path in sorted(Path("corpus").glob("*.md")))
Path("answers.txt").write_text(f"{len(tickets)} tickets, {words} words\n")
