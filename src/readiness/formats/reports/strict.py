"""JSON of others, read strictly: one meaning, or an error that says where.

Refused are more than 32 MiB, any encoding but UTF-8, nesting deeper than the reader goes, a key that is there twice, NaN
and infinity. Sources: RFC 8259, and RFC 6901 for the pointers in errors.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Never

SIZE_BYTES: Final = 32 << 20
"""The largest report that is read."""
ENTRIES: Final = 20_000
"""The most findings of one report that are read."""
DEPTH: Final = 200
"""How deep a report may be nested; those of the formats read here stay below 30."""

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:)?|[{}\[\]]|-?Infinity|NaN|-?\d[\d.eE+-]*', re.DOTALL)


class Unreadable(ValueError):
    """A report that is not read: `where` is `:line` or `#/pointer`."""

    def __init__(self, where: str, text: str) -> None:
        super().__init__(f"{where}: {text}")
        self.where = where


class _Twice(ValueError):
    pass


def decode(data: bytes) -> str:
    """The text of a report. Raises Unreadable where it is too large, empty, or no UTF-8."""
    if len(data) > SIZE_BYTES:
        raise Unreadable(":1", f"is larger than {SIZE_BYTES >> 20} MiB, which is the most that is read: narrow what is scanned")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unreadable(":1", "is UTF-16, not UTF-8: let the tool write the file itself, not the shell")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f":{line}", f"is no UTF-8 ({error.reason})") from None
    if not text.strip():
        raise Unreadable(":1", "is empty: the tool wrote nothing, so nothing was looked at")
    return text


def parse(text: str) -> At:
    """The document in a text. Raises Unreadable where it is no JSON, or JSON with more than one meaning."""
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        ended = error.pos >= len(text.rstrip())
        raise Unreadable(f":{error.lineno}", "is cut short: the JSON does not end" if ended else f"is no JSON: {error.msg}") from None
    except (_Twice, ValueError, RecursionError):
        raise _found(text) from None
    return At(value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice
    return found


def _refuse(word: str) -> Never:
    raise ValueError(word)


def _finite(word: str) -> float:
    if math.isinf(number := float(word)):
        raise ValueError(word)
    return number


def _found(text: str) -> Unreadable:
    """Where a text has what `parse` does not take, found by its tokens."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in "{[":
            keys.append(set())
        elif word in "}]":
            keys = keys[:-1]
        elif token[1]:
            name = json.loads(word[: -len(token[1])], strict=False)
            if keys and name in keys[-1]:
                return Unreadable(_line(text, token.start()), f"the key `{name[:60]}` is there twice")
            if keys:
                keys[-1].add(name)
        elif word[0] != '"' and (reason := _no_number(word)):
            return Unreadable(_line(text, token.start()), reason)
        if len(keys) > DEPTH:
            return Unreadable(_line(text, token.start()), f"is nested deeper than {DEPTH} levels")
    return Unreadable(":1", "is no JSON that can be read")


def _line(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f":{line}"


def _no_number(word: str) -> str:
    if word.lstrip("-") in ("NaN", "Infinity"):
        return f"`{word}` is no JSON"
    if len(word) > 300:
        return f"a number of {len(word)} digits"
    try:
        return f"`{word[:60]}` is no number that can be held" if math.isinf(float(word)) else ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class At:
    """A value of a document, and the pointer that leads to it. What is absent is None, and reads as nothing."""

    value: Any  # whatever JSON holds
    pointer: str = ""

    def wrong(self, text: str) -> Unreadable:
        """The error that this value is not what it should be."""
        return Unreadable(f"#{self.pointer or '/'}", text)

    def get(self, name: str) -> At:
        """What a table has under a name; nothing where this is nothing. Raises Unreadable where it is no table."""
        if self.value is None:
            return At(None, f"{self.pointer}/{name}")
        if not isinstance(self.value, dict):
            raise self.wrong(f"must be an object, got {_kind(self.value)}")
        return At(self.value.get(name), f"{self.pointer}/{name.replace('~', '~0').replace('/', '~1')}")

    def __truediv__(self, path: str) -> At:
        """What lies under a path of names, `a/b/c`."""
        found = self
        for name in path.split("/"):
            found = found.get(name)
        return found

    def __iter__(self) -> Iterator[At]:
        """The entries of a list, none where this is nothing. Raises Unreadable where it is no list, or a very long one."""
        listed = [] if self.value is None else self.value
        if not isinstance(listed, list):
            raise self.wrong(f"must be a list, got {_kind(listed)}")
        if len(listed) > ENTRIES:
            raise self.wrong(f"has {len(listed)} entries, of which at most {ENTRIES} are read: narrow what is scanned")
        return iter([At(item, f"{self.pointer}/{index}") for index, item in enumerate(listed)])

    def text(self, *, needed: bool = False) -> str:
        """A text, empty where this is nothing. Raises Unreadable where it is none, or needed and not there."""
        if self.value is None and not needed:
            return ""
        if not isinstance(self.value, str) or (needed and not self.value.strip()):
            raise self.wrong(f"must be a text, got {_kind(self.value)}")
        return self.value

    def count(self) -> int | None:
        """A whole number that is not negative, None where this is nothing. Raises Unreadable where it is none."""
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            raise self.wrong(f"must be a count, got {_kind(self.value)}")
        return self.value

    def moment(self, *, utc: bool = False) -> datetime | None:
        """A time, None where this is nothing; `utc` says that one without a zone is UTC. Raises Unreadable where it is none."""
        text = self.text()
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
            found = found.replace(tzinfo=UTC) if utc and found.tzinfo is None else found
            if found.tzinfo is None:
                raise self.wrong(f"`{text[:40]}` is a time without its zone")
            return found.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            if isinstance(error, Unreadable):
                raise
            raise self.wrong(f"`{text[:40]}` is no time") from None


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    return "a list" if isinstance(value, list) else "an object"
