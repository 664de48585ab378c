"""Reads a condition of a row policy, as PostgreSQL stores it or as it is written here, into a tree of few kinds.

What is not among them is refused, so that two conditions are never taken for the same by what was left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

TEXTS: Final = ("text", "character varying", "name")
INTEGERS: Final = ("smallint", "integer", "bigint")
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>[eE]?'(?:[^']|'')*')|(?P<number>\d+(?![\w.]))|(?P<quoted>\"(?:[^\"]|\"\")+\")|(?P<word>[^\W\d][\w$]*)|"
    r"(?P<mark>::|<>|!=|<=|>=|~~|[-()\[\],=<>]))"
)
_FLIPPED: Final = {">": "<", ">=": "<="}


class Foreign(ValueError):
    """A part of a condition that is not read here."""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A part of a condition: its kind, its text, and its parts.

    Values: `column` (its type and its name), `text`, `number`, `user` (the current user), `cast` to text, `exact` (a column
    in which texts that differ may be equal, compared by its bytes nevertheless). Facts: `true`, `false`, `and`, `or`, `not`,
    `=`, `<>`, `<`, `<=`, `like` (its pattern with `!` as escape), `member` (of the role `text`), `null`, `within` (a column
    that is an array), `flag` (a boolean column), `coalesce` (to `text`), `is` (true or false, by `text`).
    """

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a condition can name: their types, and those in which texts that differ may be equal."""

    types: Mapping[str, str] = field(default_factory=dict)
    loose: frozenset[str] = frozenset()


def parse(text: str, columns: Columns) -> Node:
    """The condition as a tree. Raises Foreign where a part of it is not read here."""
    reader = _Reader(_tokens(text), columns)
    try:
        found = reader.either()
    except RecursionError:
        raise Foreign("it is nested too deep") from None
    if reader.at < len(reader.found):
        raise Foreign(f"`{reader.peek()[1]}`")
    return boolean(found)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        one = _TOKEN.match(text, at)
        if one is None:
            raise Foreign(f"`{text[at:].strip()[:20]}`")
        found.append((str(one.lastgroup), str(one[str(one.lastgroup)])))
        at = one.end()
    return found


def boolean(node: Node) -> Node:
    """The node as a fact: a column that is boolean by itself is one."""
    if node.kind == "column" and node.text.startswith("boolean "):
        return Node("flag", node.text.partition(" ")[2])
    if node.kind in ("column", "text", "number", "user", "cast", "exact", "array", "pattern"):
        raise Foreign(f"a {node.kind} where something is true or false")
    return node


class _Reader:
    def __init__(self, found: list[tuple[str, str]], columns: Columns) -> None:
        self.found = found
        self.columns = columns
        self.at = 0

    def peek(self) -> tuple[str, str]:
        return self.found[self.at] if self.at < len(self.found) else ("", "")

    def word(self) -> str:
        kind, text = self.peek()
        return text.lower() if kind in ("word", "mark") else ""

    def skip(self, *words: str) -> bool:
        for offset, word in enumerate(words):
            kind, text = self.found[self.at + offset] if self.at + offset < len(self.found) else ("", "")
            if kind not in ("word", "mark") or text.lower() != word:
                return False
        self.at += len(words)
        return True

    def need(self, word: str) -> None:
        if not self.skip(word):
            raise Foreign(f"`{self.peek()[1] or 'its end'}`")

    def either(self) -> Node:
        return self._joined("or", self._both)

    def _both(self) -> Node:
        return self._joined("and", self._negated)

    def _joined(self, word: str, inner: object) -> Node:
        assert callable(inner)
        parts: list[Node] = [inner()]
        while self.skip(word):
            parts.append(inner())
        return parts[0] if len(parts) == 1 else Node(word, "", tuple(boolean(part) for part in parts))

    def _negated(self) -> Node:
        return Node("not", "", (boolean(self._negated()),)) if self.skip("not") else self._asked()

    def _asked(self) -> Node:
        left = self._value()
        while self.skip("is"):
            negated = self.skip("not")
            word = self.word()
            self.at += 1
            if word == "null":
                left = Node("null", "", (left,))
            elif word in ("true", "false"):
                left = Node("is", word, (boolean(left),))
            else:
                raise Foreign(f"`is {word}`")
            left = Node("not", "", (left,)) if negated else left
        if self.skip("like"):
            pattern = self._value()
            escape = self._value() if self.skip("escape") else Node("text", "\\")
            return _like(left, pattern, escape)
        if self.skip("~~"):
            pattern = self._value()
            return _like(left, *pattern.parts) if pattern.kind == "pattern" else _like(left, pattern, Node("text", "\\"))
        word = self.word()
        if word not in ("=", "<>", "!=", "<", "<=", ">", ">="):
            return left
        self.at += 1
        if self.skip("any"):
            self.need("(")
            right = self.either()
            self.need(")")
            return _any(word, left, right)
        return _compared("<>" if word == "!=" else word, left, self._value())

    def _value(self) -> Node:
        found = self._primary()
        while True:
            if self.skip("::"):
                found = _cast(found, self._type())
            elif self.skip("collate"):
                found = self._collated(found, self.peek()[1])
                self.at += 1
            else:
                return found

    def _collated(self, node: Node, name: str) -> Node:
        if name != '"C"':
            raise Foreign(f"collation {name}")
        loose = node.kind == "column" and node.text.partition(" ")[2] in self.columns.loose
        return Node("exact", node.text) if loose else node

    def _type(self) -> str:
        words = [self.word()]
        self.at += 1
        if words == ["character"]:
            self.need("varying")
            words.append("varying")
        kind = " ".join(words)
        if self.skip("["):
            self.need("]")
            kind += "[]"
        if self.word() == "(":
            raise Foreign(f"`{kind}` of a length")
        return kind

    def _primary(self) -> Node:
        kind, text = self.peek()
        self.at += 1
        if kind == "text":
            return Node("text", _unquoted(text))
        if kind == "number":
            return Node("number", str(int(text)))
        if kind == "quoted":
            return self._column(text[1:-1].replace('""', '"'))
        if text == "-" and self.peek()[0] == "number":
            self.at += 1
            return Node("number", str(-int(self.found[self.at - 1][1])))
        if text == "(":
            found = self.either()
            self.need(")")
            return found
        return self._named(text.lower()) if kind == "word" else self._unread(text)

    def _named(self, word: str) -> Node:
        if word in ("true", "false"):
            return Node(word)
        if word == "current_user":
            return Node("user")
        if word == "array":
            self.need("[")
            return Node("array", "", self._list("]"))
        if word in ("coalesce", "pg_has_role", "like_escape") and self.skip("("):
            return _called(word, self._list(")"))
        return self._column(word) if self.word() != "(" else self._unread(f"{word}(…)")

    def _list(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self.skip(end):
            if items:
                self.need(",")
            items.append(self.either())
        return tuple(items)

    def _column(self, name: str) -> Node:
        if name not in self.columns.types:
            self._unread(name)
        return Node("column", f"{self.columns.types[name]} {name}")

    @staticmethod
    def _unread(text: str) -> Node:
        raise Foreign(f"`{text or 'its end'}`")


def _unquoted(text: str) -> str:
    if text[0] in "eE":
        return text[2:-1].replace("''", "'").replace("\\\\", "\\")
    return text[1:-1].replace("''", "'")


def _type_of(node: Node) -> str:
    return node.text.partition(" ")[0] if node.kind in ("column", "exact") else node.kind


def _cast(node: Node, kind: str) -> Node:
    """The value without a cast that changes nothing; a cast to text of what is none stays."""
    have = _type_of(node)
    if kind in TEXTS:
        if have in (*TEXTS, "user", "cast"):
            return node
        return Node("cast", "", (node,)) if have in INTEGERS else _refuse(f"a {have} as {kind}")
    if kind in INTEGERS:
        if node.kind == "text" and re.fullmatch(r"-?\d+", node.text):
            return Node("number", str(int(node.text)))
        wide = have in INTEGERS and INTEGERS.index(have) <= INTEGERS.index(kind)
        return node if node.kind == "number" or wide else _refuse(f"a {have} as {kind}")
    if kind in ("text[]", "character varying[]") and (node.kind == "array" or have == "text[]"):
        return node
    if kind == "boolean" and have == "boolean":
        return node
    return _refuse(f"`{kind}`")


def _refuse(text: str) -> Node:
    raise Foreign(text)


def _like(left: Node, pattern: Node, escape: Node) -> Node:
    if pattern.kind != "text" or escape.kind != "text" or len(escape.text) > 1:
        raise Foreign("a pattern that is not written out")
    said, escaped = "", False
    for char in pattern.text:
        if escape.text and char == escape.text and not escaped:
            escaped = True
            continue
        said += f"!{char}" if char == "!" or (char in "%_" and escaped) else char
        escaped = False
    if escaped:
        raise Foreign("a pattern that ends with its escape")
    return Node("like", said, (left,))


def _any(word: str, left: Node, right: Node) -> Node:
    if word != "=":
        raise Foreign(f"`{word} any`")
    if right.kind == "array":
        parts = tuple(_compared("=", left, item) for item in right.parts)
        return parts[0] if len(parts) == 1 else Node("or", "", parts) if parts else _refuse("an empty array")
    if _type_of(right) != "text[]":
        raise Foreign("`any` of what is no array of texts")
    return Node("within", "", (left, right))


def _compared(sign: str, left: Node, right: Node) -> Node:
    for one, other in ((left, right), (right, left)):
        if one.kind in ("true", "false") and sign in ("=", "<>"):
            same = (one.kind == "true") == (sign == "=")
            return boolean(other) if same else Node("not", "", (boolean(other),))
    if {_type_of(left), _type_of(right)} & {"array", "pattern", "text[]"}:
        raise Foreign(f"`{sign}` of arrays")
    textual = not {_type_of(left), _type_of(right)} <= {*INTEGERS, "number"}
    if sign in ("=", "<>"):
        return Node(sign, "", tuple(sorted((left, right))))
    if textual:
        raise Foreign(f"`{sign}` of texts, whose order is the database's")
    return Node(_FLIPPED[sign], "", (right, left)) if sign in _FLIPPED else Node(sign, "", (left, right))


def _called(name: str, items: tuple[Node, ...]) -> Node:
    match name, items:
        case "coalesce", (one, Node("true" | "false" as other)):
            return Node("coalesce", other, (boolean(one),))
        case "pg_has_role", (Node("user"), Node("text", role), Node("text", how)) if how.lower() == "member":
            return Node("member", role)
        case "pg_has_role", (Node("text", role), Node("text", how)) if how.lower() == "member":
            return Node("member", role)
        case "like_escape", (Node("text"), Node("text")):
            return Node("pattern", "", items)
    raise Foreign(f"`{name}`")
