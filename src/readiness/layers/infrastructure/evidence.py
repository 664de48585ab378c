"""What layer 1 observes: types only, the door through which other layers may look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from readiness.sequence.finding import Cause, Location, Problem


class Factor(StrEnum):
    """What a change of results can come from, besides chance."""

    CODE = "code"
    CONFIGURATION = "configuration"
    INFRASTRUCTURE = "infrastructure"
    DATA = "data"
    MODEL = "model"
    PROMPTS = "prompts"


@dataclass(frozen=True, slots=True)
class Installed:
    """How the installation went: by which procedure (`source`), with which Python, what it gave, why it failed.

    `relock` is the command that resolves the declaration anew, empty where none would work.
    """

    procedure: str
    source: str
    declared: str
    python: str
    unread: str
    cause: Cause
    reason: str
    package_count: int
    elapsed_s: float
    tried: tuple[str, ...]
    here: tuple[str, ...]
    notes: tuple[str, ...] = ()
    relock: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """How one module, console script or notebook started; `reason` and `cause` where it did not.

    `variables` are those a guard named, and `said` is the last it printed where it did not end. `suspect` is the installed
    module the failure is about, `raised_in` the one that failed while it was itself imported.
    """

    subject: str
    cause: Cause
    reason: str = ""
    location: Location | None = None
    aside: bool = False
    note: str = ""
    variables: tuple[str, ...] = ()
    suspect: str = ""
    raised_in: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """An environment variable that a file of the project asks for; `required` where it does not go on without.

    `instead` are variables of which any one would do as well.
    """

    name: str
    location: Location
    required: bool
    executed: bool
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison: what was compared with what, every drift, or why it could not be made (`cause`).

    `absent` says why there is nothing live to compare; then nothing else is said. `executed` is False where it was only read.
    """

    compared: str = ""
    problems: tuple[Problem, ...] = ()
    cause: Cause = Cause.NONE
    reason: str = ""
    absent: str = ""
    note: str = ""
    executed: bool = True
