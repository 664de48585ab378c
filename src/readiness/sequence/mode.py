"""Modes: deliberate ways of skipping the sequence, each with an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Mode(StrEnum):
    """How far a project says it goes; everything but production has a date at which it ends."""

    PRODUCTION = "production"
    RESEARCH = "research"
    PROTOTYPE = "prototype"
    CRISIS = "crisis"


@dataclass(frozen=True, slots=True)
class Declaration:
    """A mode as the manifest declares it; `until`, `reason` and `owner` are empty in production only."""

    mode: Mode = Mode.PRODUCTION
    until: date | None = None
    reason: str = ""
    owner: str = ""

    def expired(self, today: date) -> bool:
        """Whether the last day of the mode has passed; production never expires."""
        return self.until is not None and today > self.until
