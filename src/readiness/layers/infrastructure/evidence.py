"""What layer 1 observes: types only, the door through which other layers may look."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.sequence.finding import Cause, Location


@dataclass(frozen=True, slots=True)
class Installed:
    """How the installation went: by which procedure (`source`), with which Python, what it gave, why it failed."""

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


@dataclass(frozen=True, slots=True)
class Started:
    """How one module, console script or notebook started; `reason` and `cause` where it did not."""

    subject: str
    cause: Cause
    reason: str = ""
    location: Location | None = None
    aside: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """An environment variable that a file of the project asks for; `required` where it does not go on without."""

    name: str
    location: Location
    required: bool
    executed: bool
