"""A text of SQL as the statements it holds, each with the line it begins on, split as PostgreSQL's own client does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+ | --[^\n]*)
    | (?P<comment>/\*)
    | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*'?)
    | (?P<quoted>'(?:[^']|'')*'? | "(?:[^"]|"")*"?)
    | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
    | (?P<number>\d[\w.]*)
    | (?P<client>\\[^\n]*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COPY: Final = re.compile(r"\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
_ALONE: Final = re.compile(
    r"\s*(?:vacuum|create\s+database|drop\s+database|alter\s+system|create\s+tablespace|drop\s+tablespace|"
    r"(?:create\s+(?:unique\s+)?|drop\s+|re)index\b.*\bconcurrently|"
    r"begin|start\s+transaction|commit|end|rollback|abort)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement without its semicolon, and the 1-based line it begins on.

    `client` says that it is a command of PostgreSQL's own client, or rows for it, which no server understands.
    """

    text: str
    line: int
    client: bool = False

    @property
    def alone(self) -> bool:
        """Whether it ends or begins a transaction, or runs in none."""
        return bool(_ALONE.match(_bare(self.text)))

    def line_at(self, position: int) -> int:
        """The line of a 1-based position in it, as an error of the server gives it."""
        return self.line + self.text.count("\n", 0, max(0, position - 1))


def split(text: str, line: int = 1) -> tuple[Statement, ...]:
    """The statements of a text that begins on `line`; what is only space or comment is none.

    Quotes, comments within comments, dollar quotes, parentheses and the bodies of SQL functions (`begin atomic … end`) are
    seen; what is never closed reaches to the end. Source: psqlscan.l of PostgreSQL 18.
    """
    return tuple(_split(text, line))


def _split(text: str, line: int) -> Iterator[Statement]:
    start, depth, body, words = -1, 0, 0, list[str]()
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None, "the last alternative takes anything"
        kind, piece, begins = str(found.lastgroup), found[0], at
        at = _end_of(text, kind, found)
        if kind in ("space", "comment"):
            continue
        if kind == "client" and start < 0:
            yield Statement(piece.rstrip(), _line(text, begins, line), client=True)
            continue
        if piece == ";" and depth == 0 and body == 0:
            if start >= 0:
                whole = text[start:begins].rstrip()
                rows = _COPY.match(_bare(whole)) is not None
                yield Statement(whole, _line(text, start, line), client=rows)
                at = _after_rows(text, at) if rows else at
            start, words = -1, []
            continue
        start = begins if start < 0 else start
        depth = max(0, depth + (piece in "([") - (piece in ")]")) if kind == "other" else depth
        if kind == "word":
            words.append(piece.lower())
            body = _body(words, body)
    if start >= 0:
        yield Statement(text[start:].rstrip(), _line(text, start, line))


def _end_of(text: str, kind: str, found: re.Match[str]) -> int:
    if kind == "dollar":
        closing = text.find(found[0], found.end())
        return len(text) if closing < 0 else closing + len(found[0])
    return _end_of_comment(text, found.end()) if kind == "comment" else found.end()


def _end_of_comment(text: str, at: int) -> int:
    """Comments nest in SQL."""
    depth = 1
    for found in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(text)


def _body(words: list[str], depth: int) -> int:
    """How deep a function's SQL body is nested after one word more, as psql counts it."""
    routine = words[0] == "create" and any(word in ("function", "procedure") for word in words[1:4])
    if not routine:
        return 0
    if words[-1] == "begin" or (words[-1] == "case" and depth):
        return depth + 1
    return max(0, depth - 1) if words[-1] == "end" else depth


def _after_rows(text: str, at: int) -> int:
    found = re.compile(r"^\\\.[ \t]*$", re.MULTILINE).search(text, at)
    return found.end() if found else len(text)


def _bare(text: str) -> str:
    """A statement with what is quoted or commented on taken out, for looking at its words."""
    parts, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None, "the last alternative takes anything"
        kind = str(found.lastgroup)
        at = _end_of(text, kind, found)
        parts.append(" " if kind in ("space", "comment", "escaped", "quoted", "dollar") else found[0])
    return "".join(parts)


def _line(text: str, at: int, first: int) -> int:
    return first + text.count("\n", 0, at)
