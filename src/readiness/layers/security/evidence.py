"""What layer 2 lets others know: where secrets lie, by kind and fingerprint, never by value."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.sequence.finding import Location


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in the project: its kind, the fingerprint of its value, where it lies; a commit where only history holds it."""

    kind: str
    fingerprint: str
    location: Location
    commit: str = ""

    @property
    def subject(self) -> str:
        """What a waiver would name: the same value is the same subject, wherever it lies."""
        return f"{self.kind} {self.fingerprint}"
