"""Reads untyped TOML values into typed ones, and collects every problem with its line instead of stopping."""

from __future__ import annotations

import re
from datetime import date, datetime
from difflib import get_close_matches
from typing import Final

from readiness.config.lines import line_of
from readiness.sequence.placeholder import PLACEHOLDER

Path = tuple[str, ...]

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""How a route can be asked."""
_SLUG: Final = re.compile(r"[a-z0-9-]{1,63}")


class Reader:
    """A reader of one file; `problems` fills with `file:line: …` lines while it reads."""

    def __init__(self, file: str, lines: dict[Path, int]) -> None:
        self.file = file
        self.lines = lines
        self.problems: list[str] = []

    def line(self, at: Path) -> int:
        """The line of a key, or of what surrounds it."""
        return line_of(self.lines, at)

    def problem(self, at: Path, text: str) -> None:
        """Notes that something is wrong at `at`."""
        line = f"{self.file}:{self.line(at)}: {text}"
        if line not in self.problems:
            self.problems.append(line)

    def known(self, at: Path, table: dict[str, object], names: tuple[str, ...]) -> None:
        """Notes every key that is not one of `names`, with the nearest one that is."""
        for key in table:
            if key not in names:
                near = get_close_matches(key, names, n=1)
                hint = f", did you mean `{near[0]}`?" if near else f"; known here: {', '.join(names)}"
                self.problem((*at, key), f"unknown key `{key}`{hint}")

    def table(self, at: Path, value: object) -> dict[str, object]:
        """A table, empty where the value is absent or none."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problem(at, f"`{'.'.join(at)}` must be a table, got `{shown(value)}`")
            return {}
        return value

    def items(self, at: Path, value: object) -> list[object]:
        """A list, empty where the value is none."""
        if not isinstance(value, list):
            self.problem(at, f"`{at[-1]}` must be a list, got `{shown(value)}`")
            return []
        return value

    def words(self, at: Path, value: object) -> str:
        """A text that is no placeholder."""
        if not isinstance(value, str):
            self.problem(at, f"`{at[-1]}` must be a text, got `{shown(value)}`")
            return ""
        if found := PLACEHOLDER.search(value):
            self.problem(at, f"`{at[-1]}` is still the placeholder `{found[0]}`")
        return value

    def slug(self, at: Path, value: object) -> str:
        """A text of lower-case letters, digits and hyphens, 1 to 63 long; empty where it was left out."""
        text = self.words(at, value)
        if text and not _SLUG.fullmatch(text):
            self.problem(at, f"`{at[-1]}` must be 1 to 63 of a-z, 0-9 and hyphen, got `{text}`")
        return text

    def path(self, at: Path, value: object) -> str:
        """A path inside the project, in `/` form."""
        text = self.words(at, value)
        if text.startswith("/") or ".." in text.split("/"):
            self.problem(at, f"`{at[-1]}` must stay inside the project, got `{text}`")
        return text

    def choice(self, at: Path, value: object, choices: list[str]) -> str:
        """One of `choices`; the first of them where it is none."""
        if value in choices and isinstance(value, str):
            return value
        self.problem(at, f"`{at[-1]}` must be {' or '.join(f'`{c}`' for c in choices)}, got `{shown(value)}`")
        return choices[0]

    def strings(self, at: Path, value: object) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self.words(at, item) for item in self.items(at, value))

    def argv(self, at: Path, value: object) -> tuple[str, ...]:
        """A command as a list of texts, never a shell line, never empty."""
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            self.problem(at, f'`{at[-1]}` must be a list of words like ["python", "main.py"], never a shell line, got `{shown(value)}`')
            return ()
        return tuple(self.words(at, item) for item in value)

    def string_map(self, at: Path, value: object) -> dict[str, str]:
        """A table of texts."""
        return {key: self.words((*at, key), item) for key, item in self.table(at, value).items()}

    def number(self, at: Path, value: object, *, least: float) -> float:
        """A finite number of at least `least`."""
        try:
            number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
        except OverflowError:
            number = float("inf")
        if not least <= number < float("inf"):
            self.problem(at, f"`{at[-1]}` must be a number of at least {least:g}, got `{shown(value)}`")
            return least
        return number

    def day(self, at: Path, value: object) -> date | None:
        """A date, written as 2026-12-20 with or without quotes; None where it was left out."""
        if value is None:
            return None
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.problem(at, f"`{at[-1]}` must be a date like 2026-12-20, got `{shown(value)}`")
            return None


def shown(value: object) -> str:
    """A value as TOML writes it, at most 60 characters of it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
