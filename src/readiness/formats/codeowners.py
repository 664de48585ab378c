"""CODEOWNERS as GitHub reads it: the last pattern that matches a path decides who owns it.

Source: GitHub Docs, "About code owners": patterns of gitignore without `!` and `[ ]`; `docs/*` does not reach below
`docs/`; a pattern without owners leaves its paths without; an invalid line is skipped (and reported here).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PLACES: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where it lies; the first that exists counts."""
_OWNER: Final = re.compile(r"@[\w.-]+(?:/[\w.-]+)?|[^\s@]+@[^\s@]+\.[^\s@]+")
_PLACEHOLDER: Final = re.compile(r"@?(?:TODO|FIXME|CHANGEME|owner|username|(?:your-\w+)/.*|your[-_].*)|<.*>", re.IGNORECASE)
_WORD: Final = re.compile(r"(?:\\.|[^\s\\])+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: a pattern and the owners it gives to what matches it, perhaps none."""

    pattern: str
    owners: tuple[str, ...]
    line: int

    def matches(self, path: str) -> bool:
        """Whether a path (relative to the repository, in `/` form, of a file) is meant."""
        expression = _expression(self.pattern)
        return expression is not None and expression.fullmatch(path) is not None


def parse(text: str) -> tuple[Rule, ...]:
    """The valid rules in `text`, in their order."""
    return tuple(rule for rule, _ in _read(text) if rule is not None)


def problems(text: str, file: str) -> list[str]:
    """Every line that GitHub would skip, and every placeholder, as `file:line: …`."""
    return [f"{file}:{line}" for _, line in _read(text) if line]


def owners_of(rules: Sequence[Rule], path: str) -> tuple[str, ...]:
    """Who owns a path: the owners of the last rule that matches it, none where that names none or there is none."""
    return next((rule.owners for rule in reversed(rules) if rule.matches(path)), ())


def _read(text: str) -> list[tuple[Rule | None, str]]:
    found: list[tuple[Rule | None, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = _words(line)
        if words:
            found.append(_rule(words, number))
    return found


def _words(line: str) -> list[str]:
    words = []
    for word in _WORD.findall(line):
        if word.startswith("#"):
            break
        words.append(word)
    return words


def _rule(words: list[str], number: int) -> tuple[Rule | None, str]:
    pattern, *owners = words
    if pattern.startswith("!") or re.search(r"(?<!\\)[\[\]]", pattern) or _expression(pattern) is None:
        return None, f"{number}: `{pattern}` is a pattern CODEOWNERS does not know (no `!`, no `[ ]`, no `***`)"
    for owner in owners:
        if _PLACEHOLDER.fullmatch(owner):
            return None, f"{number}: `{owner}` is still a placeholder"
        if not _OWNER.fullmatch(owner):
            return None, f"{number}: an owner must be @user, @org/team or an e-mail address, got `{owner}`"
    return Rule(pattern, tuple(owners), number), ""


def _expression(pattern: str) -> re.Pattern[str] | None:
    if "***" in pattern or pattern == "/":
        return None
    steps = pattern.split("/")
    if steps[0] == "":
        steps = steps[1:]
    elif len(steps) == 1 or (len(steps) == 2 and steps[1] == ""):
        steps = ["**", *steps]  # a single step means any depth
    if len(steps) > 1 and steps[-1] == "":
        steps[-1] = "**"
    once = [step for index, step in enumerate(steps) if step != "**" or index == 0 or steps[index - 1] != "**"]
    return re.compile(_joined(once), re.DOTALL)


def _joined(steps: list[str]) -> str:
    if steps == ["**"]:
        return ".+"
    parts = []
    for index, step in enumerate(steps):
        last = index == len(steps) - 1
        if step == "**":
            parts.append("/.+" if last else "(?:.+/)?" if index == 0 else "(?:/.+)?")
            continue
        slash = "" if index == 0 or (index == 1 and steps[0] == "**") else "/"
        # a last step that names a folder means what is in it, but `*` stays in its folder
        parts.append(slash + _step(step) + ("(?:/.*)?" if last and step != "*" else ""))
    return "".join(parts)


def _step(step: str) -> str:
    if step == "*":
        return "[^/]+"
    parts = []
    escaped = False
    for char in step:
        if char == "\\" and not escaped:
            escaped = True
            continue
        parts.append(re.escape(char) if escaped else {"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)))
        escaped = False
    return "".join(parts)
