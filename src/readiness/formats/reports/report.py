"""What a report of another tool says, whatever its format: who looked, at what, when, what was found, what was left out."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Final

PACKAGES: Final = "packages"
INFRASTRUCTURE: Final = "infrastructure"
CODE: Final = "code"
TESTS: Final = "tests"
ATTACKS: Final = "attacks"
"""What a report can be about."""

_NUMBERED: Final = re.compile(r"\b(?:lines?|col(?:umn)?s?)\W{0,2}\d+(?:\s*-\s*\d+)?|(?<=\w):\d+(?::\d+)?", re.IGNORECASE)


class Level(IntEnum):
    """How grave a finding is; UNRATED is what its report does not say."""

    UNRATED = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """The level in a sentence."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Found:
    """One thing a tool found: its rule, a place in a file (`line` 0 where none is said) or a release of a package.

    `fixed` are the versions that do not have it. `fingerprint` stays when lines move.
    """

    rule: str
    level: Level
    message: str
    file: str = ""
    line: int = 0
    package: str = ""
    version: str = ""
    fixed: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report. `made_at` and `commit` are None and empty where it does not say; so is `executed`, the rules, tests or
    packages that were gone through.

    `packages` are the releases that were audited, `files` those that were scanned, as far as it says. `troubles` say why it
    is not the whole: what was skipped, could not be parsed, is cut short, or was never run. One that has any proves nothing.
    """

    format: str
    tool: str
    version: str = ""
    about: tuple[str, ...] = ()
    made_at: datetime | None = None
    commit: str = ""
    executed: int | None = None
    skipped: int = 0
    failed: int = 0
    findings: tuple[Found, ...] = ()
    packages: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The tool with its version, where that is said."""
        return f"{self.tool} {self.version}".strip()


def fingerprinted(tool: str, findings: Iterable[Found]) -> tuple[Found, ...]:
    """The findings, each with 64 bits in hex of a SHA-256 over tool, rule, file, package and message without line numbers.

    What is the same in all of these is told apart by its order.
    """
    seen: Counter[str] = Counter()
    found = []
    for item in findings:
        said = "\0".join((tool.lower(), item.rule, item.file, item.package, item.version, _NUMBERED.sub("", item.message)))
        seen[said] += 1
        whole = hashlib.sha256(f"{said}\0{seen[said]}".encode("utf-8", "replace")).hexdigest()
        found.append(replace(item, fingerprint=whole[:16]))
    return tuple(found)


def words(text: object, most: int = 300) -> str:
    """A text of a report as one line without control characters, at most `most` characters of it."""
    plain = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", " ", str(text)).split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
