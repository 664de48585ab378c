"""What one check says about one project: an outcome, what it rests on, where, why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """The outcome of a check or a layer; `waits` means not judged, because a lower layer does not hold."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"
    WAITS = "waits"


SEVERITY: Final[dict[Outcome, int]] = {
    Outcome.FAILS: 0,
    Outcome.UNKNOWN: 1,
    Outcome.WAITS: 2,
    Outcome.WAIVED: 3,
    Outcome.NOT_APPLICABLE: 4,
    Outcome.HOLDS: 5,
}
"""Worst first: the order in which a layer is the worst of its checks."""


class Basis(StrEnum):
    """What a finding rests on: `executed` > `observed` > `declared`."""

    EXECUTED = "executed"
    OBSERVED = "observed"
    DECLARED = "declared"


class Cause(StrEnum):
    """Why something did not work. Only `project` is the project's fault; every other cause is `unknown`."""

    NONE = ""
    PROJECT = "project"
    CONFIGURATION = "needs configuration"
    SERVICE = "needs a service"
    NETWORK = "needs network"
    INDEX = "needs a package index that answers"
    FILE = "needs a file the repository does not hold"
    SYSTEM = "needs a system package"
    INTERPRETER = "needs an interpreter that is not here"
    TOOL = "tool fault"
    NOT_EXERCISED = "not exercised"


def outcome_of(cause: Cause) -> Outcome:
    """The outcome a cause leads to: `holds` without one, `fails` for the project's own, else `unknown`."""
    if cause is Cause.NONE:
        return Outcome.HOLDS
    return Outcome.FAILS if cause is Cause.PROJECT else Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the project: a path relative to its root, in `/` form, and a 1-based line."""

    file: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Remedy:
    """What helps: a sentence, and one command where there is one."""

    text: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the subject a waiver would name, the reason in one line, and where it is."""

    subject: str
    text: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check.

    `subject` is what was judged, `expected` and `observed` are short texts for one line each, `reason` says why in
    one sentence. `problems` lists every single fault, so that a ratchet and a waiver can tell them apart. `notes` are
    facts worth knowing that decide nothing (the network could not be cut, a dummy key was used).
    """

    check: str
    outcome: Outcome
    basis: Basis
    subject: str = ""
    expected: str = ""
    observed: str = ""
    reason: str = ""
    cause: Cause = Cause.NONE
    location: Location | None = None
    remedy: Remedy = field(default_factory=Remedy)
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    elapsed_ms: int = 0
