"""What layer 2 lets others know: where secrets lie, by kind and fingerprint, never by value."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.sequence.finding import Location


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in the project: its kind, the fingerprint of its value, where it lies; a commit where only history holds it.

    `within` leads to it in a packed file (`!notes.txt`, `: layer 3: app/.env`); the line of the location is that of the inner file.
    """

    kind: str
    fingerprint: str
    location: Location
    commit: str = ""
    within: str = ""

    @property
    def subject(self) -> str:
        """What a waiver would name: the same value is the same subject, wherever it lies."""
        return f"{self.kind} {self.fingerprint}"

    @property
    def place(self) -> str:
        """Where it lies, as people read it: `people.xlsx!Sheet1:7`."""
        return f"{self.location.file}{self.within}:{self.location.line}"


@dataclass(frozen=True, slots=True)
class NotRead:
    """A file, or something within a packed one, that was not looked at, and why."""

    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.place} {self.why}"
