"""The approver's page: what it holds, in words a non-engineer reads, and how that becomes JSON.

Markdown and HTML are written from the same value by `approval_markdown` and `approval_html`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

SCHEMA: Final = "readiness/approval/1"
STEPS: Final = "What would make this a yes, by whom and by when"
ASKS: Final = "What is asked of it instead"
"""Titles that both forms of the page share."""


class State(StrEnum):
    """What is known of a line, as the word that is printed."""

    YES = "Yes"
    NO = "No"
    UNKNOWN = "Not shown"
    STATED = "Only stated"
    ACCEPTED = "Accepted"
    WAITS = "Not reached"
    NONE = "Does not apply"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is about, what is known of it, in a sentence, and whose word that is."""

    label: str
    state: State
    text: str = ""
    word: str = ""


@dataclass(frozen=True, slots=True)
class Aim:
    """What improves: `today` is the baseline, `works` what was shown since, `problem` what is wrong with how it is written."""

    change: str
    beneficiary: str
    owner: str
    figure: str
    today: str
    target: str
    works: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One way to be wrong: how bad, what it costs, how often it may happen, what was shown."""

    what: str
    severity: str
    cost: str
    allowed: str
    proven: str


@dataclass(frozen=True, slots=True)
class Risk:
    """An accepted risk with its end; `state` is accepted where it counts, else no with the reason in `text`."""

    what: str
    state: State
    text: str
    until: str
    carried_by: str
    approved_by: str


@dataclass(frozen=True, slots=True)
class Step:
    """What stands in the way: the sentence, who removes it, by when (empty: no date); `check` and `detail` are for engineers."""

    text: str
    who: str
    by: str
    check: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page. `date` is the day it was judged, `written_at` the second (RFC 3339, UTC), which orders the pages of a day.

    `until` and `ends` are the last day of a pilot, in words and as written by machines; digests go to the foot. `dates` say how
    old what it rests on is, and what ends when; `asks` are the conditions of a mode other than production.
    """

    project: str
    gate: str
    date: str
    decision: str
    headline: str
    reason: str
    until: str
    ends: str
    good: bool
    setting: tuple[str, ...]
    aims: tuple[Aim, ...]
    mistakes: tuple[Mistake, ...]
    foundations: tuple[Row, ...]
    questions: tuple[Row, ...]
    people: tuple[Row, ...]
    trust: tuple[str, ...]
    risks: tuple[Risk, ...]
    steps: tuple[Step, ...]
    approvers: tuple[str, ...]
    foot: tuple[tuple[str, str], ...]
    dates: tuple[str, ...] = ()
    asks: tuple[Row, ...] = ()
    changes: tuple[str, ...] = ()
    previous: str = ""
    written_at: str = ""


def to_json(page: Page) -> dict[str, Any]:
    """The page as a JSON object."""
    return {"schema": SCHEMA} | {name: _text(value) for name, value in asdict(page).items()}


def render(page: Page) -> str:
    """The page as the text of its JSON file."""
    return json.dumps(to_json(page), indent=1, ensure_ascii=False) + "\n"


def _text(value: Any) -> Any:  # any JSON value; what is no text (a file's name) is replaced
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _text(item) for name, item in value.items()}
    return [_text(item) for item in value] if isinstance(value, list | tuple) else value


def states(told: dict[str, Any]) -> dict[str, str]:
    """The lines of a page's JSON that can change from one page to the next: label → word. What is no page gives none."""
    found: dict[str, str] = {}
    for name in ("foundations", "asks", "questions", "people"):
        rows = told.get(name)
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and isinstance(row.get("label"), str):
                found[row["label"]] = str(row.get("state", ""))
    return found


def long_day(day: date) -> str:
    """A day as it is written in a letter: 20 November 2026."""
    return f"{day.day} {day:%B %Y}"
