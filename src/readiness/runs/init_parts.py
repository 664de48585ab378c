"""What `init` tells of one layer: the lines it wrote, what the repository says already, what only a person can say."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.config.manifest import NAME


@dataclass(frozen=True, slots=True)
class Yours:
    """What only a person can say: why it matters, and the `line` to write into `file`, or the `command` that helps.

    A line holds a placeholder, and what reads the file refuses it until somebody put something in its place.
    """

    why: str
    line: str = ""
    file: str = NAME
    command: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A layer, or what goes before and after it."""

    title: str
    written: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    yours: tuple[Yours, ...] = ()
