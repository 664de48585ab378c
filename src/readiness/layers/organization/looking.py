"""Looks the people of one duty up: what the checks of owners and of those who may stop it have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from readiness.layers.organization import people
from readiness.layers.organization.people import Files, Named, Somebody
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.mode import Mode
from readiness.world import history
from readiness.world.context import Context


@dataclass(frozen=True, slots=True)
class Looked:
    """The people named for one duty, each looked up in the history, and what hinders a judgement of them.

    `by_outcome` says that outcomes name them, `problems` what is wrong in the files that do, `unread` that an outcome cannot be
    read; `cut_off` that the history is not whole, `unreadable` why there is none.
    """

    production: bool
    now: datetime
    named: tuple[Named, ...] = ()
    by_outcome: bool = True
    problems: tuple[Problem, ...] = ()
    unread: bool = False
    cut_off: bool = False
    unreadable: str = ""


def look(context: Context, duty: Callable[[Files, tuple[Somebody, ...]], tuple[Named, ...]]) -> Looked:
    """Reads whom the files of a project name for a duty (`owners`, `stoppers`), and looks each of them up."""
    found = people.files(context.project, context.manifest.measurement.outcomes)
    reason = people.unreadable(context)
    known = () if reason else people.known(context, found)
    return Looked(
        context.manifest.mode.mode is Mode.PRODUCTION, context.now, duty(found, known), bool(found.outcomes.outcomes),
        found.problems, bool(found.outcomes.problems), history.cut_off(context.project), reason,
    )  # fmt: skip


def failing(check: str, expected: str, problems: tuple[Problem, ...], remedy: Remedy) -> Finding:
    """The finding that somebody is not named, not named properly, or not here; the first problem is the one that is told."""
    first = problems[0]
    return Finding(
        check,
        Outcome.FAILS,
        Basis.EXECUTED,
        first.subject,
        expected,
        first.text,
        first.text,
        Cause.PROJECT,
        first.location,
        remedy,
        problems,
    )


def correct(problems: tuple[Problem, ...]) -> Remedy:
    """What to do about files that cannot be read: the first line that is wrong, shown."""
    place = problems[0].location
    if place is None:
        return Remedy("correct these files")
    return Remedy(f"correct {place.file}", f"sed -n {place.line}p {place.file}")
