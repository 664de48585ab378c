"""People as files name them: `Ada Lovelace <ada@example.org>`, `Ada Lovelace (@ada)`, an address, a handle, a team."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from readiness.config.fields import Path, Reader

_EMAIL: Final = re.compile(r"[^\s<>()@,;]+@[^\s<>()@,;]+\.[^\s<>()@,;]+")
_HANDLE: Final = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_TEAM: Final = re.compile(r"@[\w.-]+/[\w./-]+|(?:group|team):.+", re.IGNORECASE)
_NOBODY: Final = re.compile(
    r"tbd|tba|n/?a|none|nobody|no one|someone|somebody|anyone|everyone|unknown|unassigned|undecided|owner|name|me|us|"
    r"(?:first|last|full)? ?name|john doe|jane doe|(?:the |our )?(?:team|management|business|company|department|engineering|it)|[-?.…*_]+",
    re.IGNORECASE,
)  # fmt: skip
"""Words that stand where a person should and name none."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is meant: any of a name, an e-mail address, a handle (without `@`); or a `team`, which is nobody in particular."""

    name: str = ""
    email: str = ""
    handle: str = ""
    team: str = ""

    @property
    def reachable(self) -> bool:
        """Whether one person is named in a way that tells them from others of the same name."""
        return bool(self.email or self.handle)

    def __str__(self) -> str:
        shown = self.name or self.email or (f"@{self.handle}" if self.handle else "")
        return shown or self.team


def parse(text: str) -> Person | None:
    """The person a text names; None where it names none (`TBD`, `the team`)."""
    text = text.strip()
    if not text or _NOBODY.fullmatch(text):
        return None
    if _TEAM.fullmatch(text):
        return Person(team=text)
    if _EMAIL.fullmatch(text):
        return Person(email=text.lower())
    if _HANDLE.fullmatch(text):
        return Person(handle=text[1:])
    if found := re.fullmatch(r"user:(?:[\w-]+/)?([\w.-]+)", text):
        return Person(handle=found[1])
    return _named(text)


def _named(text: str) -> Person | None:
    name, bracket, rest = re.fullmatch(r"([^<(]*)([<(]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]  # matches all
    name, rest = name.strip(), rest.rstrip(">) ")
    if not re.search(r"[^\W\d_]", name) or _NOBODY.fullmatch(name):
        return None
    if not bracket:
        return Person(name=name)
    inner = parse(rest)
    if inner is None or inner.name or inner.team:
        return None
    return Person(name, inner.email, inner.handle)


def read(reader: Reader, at: Path, value: object) -> Person:
    """The person of a field, written as a text or as {name, email, handle}; problems are noted, an empty one returned."""
    if isinstance(value, dict):
        return _table(reader, at, value)
    text = reader.words(at, value)
    found = parse(text)
    if found is None and isinstance(value, str):
        reader.problem(at, f"`{at[-1]}` must name a person, like `Ada Lovelace <ada@example.org>`, got `{text}`")
    return found or Person()


def _table(reader: Reader, at: Path, table: dict[str, object]) -> Person:
    reader.known(at, table, ("name", "email", "handle"))
    texts = {key: reader.words((*at, key), table[key]).strip() for key in ("name", "email", "handle") if key in table}
    name, email, handle = (texts.get(key, "") for key in ("name", "email", "handle"))
    if not name or _NOBODY.fullmatch(name):
        reader.problem(at, f"`{at[-1]}` needs the `name` of a person, got `{name}`")
    if email and not _EMAIL.fullmatch(email):
        reader.problem((*at, "email"), f"`email` must be an address, got `{email}`")
    if handle and not _HANDLE.fullmatch(f"@{handle.removeprefix('@')}"):
        reader.problem((*at, "handle"), f"`handle` must be the handle of one person, got `{handle}`")
    if not email and not handle:
        reader.problem(at, f"`{at[-1]}` needs an `email` or a `handle`, so that it is clear who is meant")
    return Person(name, email.lower(), handle.removeprefix("@"))
