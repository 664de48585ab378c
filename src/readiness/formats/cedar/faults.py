"""What is wrong with a policy or a schema: where, in which policy, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

_NAMED: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, its place (line and column from 1), the id of its policy where it has one.

    `limit` says that it is no fault, but more than is read here.
    """

    file: str
    line: int
    text: str
    policy: str = ""
    column: int = 1
    suggestion: str = ""
    limit: bool = False

    @property
    def said(self) -> str:
        """The fault without its place: `policy ID: what, did you mean …?`."""
        who = f"policy `{self.policy}`: " if self.policy else ""
        return f"{who}{self.text}{f', {self.suggestion}' if self.suggestion else ''}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.said}"


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the nearest known word, or which there are where none is near and they are few."""
    names = sorted(set(known))
    near = get_close_matches(word, names, n=1, cutoff=0.5)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known are {', '.join(f'`{name}`' for name in names)}" if 0 < len(names) <= 6 else ""


def named(said: str) -> list[str]:
    """What an engine's message puts between backticks, in its order."""
    return _NAMED.findall(said)
