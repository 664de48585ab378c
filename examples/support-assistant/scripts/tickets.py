"""Writes data/tickets.csv: a SYNTHETIC ticket desk, drawn by chance from a fixed seed. No ticket in it ever happened.

    python scripts/tickets.py 2026-11-23

600 tickets over 52 weeks up to the given Monday. Until the launch 16 weeks before it a database ticket takes 20 hours in the
median; afterwards two of three agents use the assistant, and a ticket answered with it takes half as long.
"""

import csv
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED, COUNT, WEEKS, WEEKS_SINCE_LAUNCH = 20261123, 600, 52, 16
TOPICS = ("backup", "vacuum", "roles", "indexes", "connections", "replication", "locks", "upgrade")


def ticket(number, chance, end):
    """One ticket: when it came in, whether the assistant was offered and used, and when it was resolved."""
    opened = end - timedelta(weeks=WEEKS) * (1 - (number + chance.random()) / COUNT)
    database = chance.random() < 0.75
    offered = database and opened > end - timedelta(weeks=WEEKS_SINCE_LAUNCH)
    used = offered and chance.random() < 0.68
    overridden = used and chance.random() < 0.09
    hours = chance.lognormvariate(3.0, 0.75) * (0.5 if used and not overridden else 1.0) * (1.15 if overridden else 1.0)
    resolved = opened + timedelta(hours=round(hours, 2))
    return {
        "ticket": f"T-{number + 1:04d}",
        "category": "database" if database else chance.choice(("mail", "network")),
        "topic": chance.choice(TOPICS) if database else "other",
        "opened_at": written(opened),
        "resolved_at": written(resolved) if resolved < end else "",
        "offered": str(offered).lower(),
        "used": str(used).lower(),
        "overridden": str(overridden).lower(),
        "reopened": str(chance.random() < 0.06).lower(),
    }


def written(moment):
    """A moment as RFC 3339, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def main():
    """Writes every ticket, oldest first."""
    end = datetime.fromisoformat(sys.argv[1]).replace(tzinfo=UTC)
    chance = random.Random(SEED)
    rows = [ticket(number, chance, end) for number in range(COUNT)]
    with Path("data/tickets.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
