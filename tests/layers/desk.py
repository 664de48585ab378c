"""A ticket desk with an outcome, as files, to be changed in one place by each test."""

from __future__ import annotations

from datetime import datetime, timedelta

OUTCOME = """\
kind: Outcome
id: resolution-time
change: support tickets are resolved 40 % faster
beneficiary: customers who wait for an answer
owner: Ada Lovelace <ada@example.org>
metric:
  source: data/tickets.csv
  sql: |
    select ticket as unit_id, opened_at as occurred_at, closed_at is not null as complete,
           date_diff('hour', opened_at, closed_at) as value
    from events
aggregate: median
direction: decrease
unit: ticket
measured_in: hours
maturity: 14d
design: before-after
baseline: {from: 2026-03-01, to: 2026-05-15}
target: -40%
horizon: 90d
review: 30d
errors:
  - {type: wrong answer sent, severity: annoyance, cost: 15, max_rate: 0.05, confidence: 0.95}
kill: {criterion: slower than the baseline for two reviews, authority: Grace Hopper <grace@example.org>}
"""
FILE = "outcomes/resolution-time.yaml"
LOCK = "outcomes/resolution-time.lock.json"


def tickets(count: int = 120, first: str = "2026-03-01T00:00:00") -> str:
    """Tickets as CSV: one opened every 18 hours, closed 20 to 56 hours later."""
    rows = ["ticket,opened_at,closed_at,channel,reopened"]
    for number in range(count):
        opened = datetime.fromisoformat(first) + timedelta(hours=18 * number)
        closed = opened + timedelta(hours=20 + number % 37)
        rows.append(f"T{number},{opened.isoformat()},{closed.isoformat()},{'mail' if number % 3 else 'phone'},{number % 5 == 0}")
    return "\n".join(rows) + "\n"


def files(outcome: str = OUTCOME, **more: str) -> dict[str, str]:
    """The files that come before the build."""
    return {FILE: outcome, "data/tickets.csv": tickets(), **more}


def changed(*pairs: tuple[str, str], text: str = OUTCOME) -> str:
    """The outcome with each first text replaced by the second, which must be there."""
    for old, new in pairs:
        assert old in text, f"{old!r} is not in the text"
        text = text.replace(old, new)
    return text
