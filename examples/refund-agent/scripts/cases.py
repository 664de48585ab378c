"""Writes data/cases.csv: a SYNTHETIC desk for refunds, drawn by chance from a fixed seed. No case in it ever happened.

    python scripts/cases.py 2026-11-23

600 cases over 52 weeks up to the given Monday. Until the launch 16 weeks before it a refund takes 30 hours in the median;
afterwards two of three go through the agent, and take a third as long.
"""

import csv
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED, COUNT, WEEKS, WEEKS_SINCE_LAUNCH = 20261123, 600, 52, 16


def case(number, chance, end):
    """One case: when it came in, whether the agent was offered and used, and when it was settled."""
    opened = end - timedelta(weeks=WEEKS) * (1 - (number + chance.random()) / COUNT)
    refund = chance.random() < 0.8
    offered = refund and opened > end - timedelta(weeks=WEEKS_SINCE_LAUNCH)
    used = offered and chance.random() < 0.68
    overridden = used and chance.random() < 0.07
    hours = chance.lognormvariate(3.4, 0.7) * (0.33 if used and not overridden else 1.0)
    settled = opened + timedelta(hours=round(hours, 2))
    return {
        "case": f"R-{number + 1:04d}",
        "kind": "refund" if refund else "exchange",
        "amount_cents": round(chance.lognormvariate(8.2, 0.8)),
        "opened_at": written(opened),
        "settled_at": written(settled) if settled < end else "",
        "offered": str(offered).lower(),
        "used": str(used).lower(),
        "overridden": str(overridden).lower(),
        "reopened": str(chance.random() < 0.05).lower(),
    }


def written(moment):
    """A moment as RFC 3339, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def main():
    """Writes every case, oldest first."""
    end = datetime.fromisoformat(sys.argv[1]).replace(tzinfo=UTC)
    chance = random.Random(SEED)
    rows = [case(number, chance, end) for number in range(COUNT)]
    with Path("data/cases.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
