"""Dates as contracts write their form (`dd/MM/yyyy`, after the JDK) and their bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

DATE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
_ZONE: Final = "( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?"
ISO: Final = {"date": DATE, "timestamp": f"{DATE}[Tt ]{_CLOCK}{_ZONE}", "time": f"{_CLOCK}{_ZONE}"}
"""What a date, a timestamp, a time of day look like where no form is declared: ISO 8601, as RFC 3339 narrows it."""

_PARTS: Final = {
    "yyyy": ("[0-9]{4}", "year"), "uuuu": ("[0-9]{4}", "year"), "YYYY": ("[0-9]{4}", "year"), "MM": ("[0-9]{2}", "month"),
    "dd": ("[0-9]{2}", "day"), "DD": ("[0-9]{2}", "day"), "HH": ("[0-9]{2}", "hour"), "hh": None, "mm": ("[0-9]{2}", "minute"),
    "ss": ("[0-9]{2}", "second"), "S": ("[0-9]{1}", "fraction"), "SSS": ("[0-9]{3}", "fraction"),
    "SSSSSS": ("[0-9]{6}", "fraction"), "Z": ("(?:Z|[+-][0-9]{2}:?[0-9]{2})", "zone"), "X": ("(?:Z|[+-][0-9]{2}:?[0-9]{2})", "zone"),
    "XXX": ("(?:Z|[+-][0-9]{2}:[0-9]{2})", "zone"), "T": ("T", ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """A declared form: the regular expression of the whole text, and the replacement that turns it into ISO 8601."""

    regex: str
    iso: str


def form(pattern: str) -> Form | None:
    """The form a pattern of the JDK describes; None where it uses what is not read here, such as names of months."""
    regex, groups = "", []
    for piece in _pieces(pattern):
        if piece.startswith("'"):
            regex += re.escape(piece[1:-1].replace("''", "'") or "'")
        elif not piece[0].isalpha():
            regex += re.escape(piece)
        elif (known := _PARTS.get(piece)) is None:
            return None
        elif known[1]:
            groups.append(known[1])
            regex += f"({known[0]})"
        else:
            regex += known[0]
    if len(set(groups)) != len(groups) or not groups:
        return None
    return Form(regex, _iso(groups))


def _pieces(pattern: str) -> list[str]:
    return [found[0] for found in re.finditer(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z]", pattern)]


def _iso(groups: list[str]) -> str:
    at = {name: f"\\{index + 1}" for index, name in enumerate(groups)}
    day = f"{at['year']}-{at['month']}-{at['day']}" if {"year", "month", "day"} <= at.keys() else ""
    clock = f"{at['hour']}:{at.get('minute', '00')}:{at.get('second', '00')}" if "hour" in at else ""
    if clock and "fraction" in at:
        clock += f".{at['fraction']}"
    return " ".join(part for part in (day, clock) if part) + at.get("zone", "")


def moment(text: str) -> datetime | None:
    """A bound as a moment in UTC: a date is its midnight, a time without a zone is UTC; None where it is neither."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def clock(text: str) -> time | None:
    """A bound as a time of day; None where it is none."""
    try:
        return time.fromisoformat(text.strip())
    except ValueError:
        return None
