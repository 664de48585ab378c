"""Two flat maps of settings compared, secrets hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from readiness.layers.infrastructure.diff.change import Change
from readiness.layers.infrastructure.evidence import Factor
from readiness.layers.infrastructure.secrecy import looks_secret

LONGEST: Final = 80
_ELEMENT: Final = re.compile(r"(?P<list>.*)\[(?P<index>\d+)\]")
_OPTION: Final = re.compile(r"-{1,2}[\w-]+")


def compared(factor: Factor, place: str, one: Mapping[str, str], two: Mapping[str, str]) -> Iterator[Change]:
    """A change for each key whose value differs, sorted by key."""
    for key in sorted({*one, *two}):
        before, after = one.get(key), two.get(key)
        if before != after:
            hidden = hides(key, before, one) or hides(key, after, two)
            yield Change(factor, place, key, *(_shown(value, hidden=hidden) for value in (before, after)))


def _shown(value: str | None, *, hidden: bool) -> str | None:
    return value if value is None else "" if hidden else short(value) or '""'


def short(value: str) -> str:
    """A value in one line of at most 80 characters."""
    line = " ".join(value.split()) if "\n" in value else value
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def hides(key: str, value: str | None, among: Mapping[str, str]) -> bool:
    """Whether the value of a key is one not to show: by its name, by how it looks, or as what an option before it is given."""
    if value is None:
        return False
    if looks_secret(key, value):
        return True
    name, equals, rest = value.partition("=")
    if equals and re.fullmatch(r"-{0,2}[\w.-]+", name) and looks_secret(name, rest):
        return True
    element = _ELEMENT.fullmatch(key)
    if element is None or element["index"] == "0":
        return False
    before = among.get(f"{element['list']}[{int(element['index']) - 1}]", "")
    return _OPTION.fullmatch(before) is not None and looks_secret(before, value)
