"""Reads YAML with the line of everything, and collects every problem instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from difflib import get_close_matches
from typing import Final

import yaml

from readiness.formats.odcs.contract import Scalar, Value

Node = yaml.nodes.Node

_PLACEHOLDER: Final = re.compile(r"(?<![\w-])(?:TODO|FIXME|XXX|CHANGEME)(?![\w-])|\byour-[a-z-]+|<[a-z][a-z _-]*>", re.IGNORECASE)
_NULL: Final = "tag:yaml.org,2002:null"
_DEPTH_LIMIT: Final = 50
_SIZE_LIMIT: Final = 1_000_000


class Fields:
    """The keys of a mapping, with what they hold and their lines; empty where it was no mapping."""

    def __init__(self, line: int) -> None:
        self.line = line
        self._held: dict[str, tuple[int, Node]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._held

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def get(self, key: str) -> Node | None:
        """What a key holds; None where the key is absent or holds nothing."""
        found = self._held.get(key)
        return None if found is None or found[1].tag == _NULL else found[1]

    def line_of(self, key: str) -> int:
        """The line of a key, that of the mapping where it has none."""
        return self._held[key][0] if key in self._held else self.line

    def lines(self) -> dict[str, int]:
        """The line of every key."""
        return {key: line for key, (line, _) in self._held.items()}

    def put(self, key: str, line: int, node: Node) -> None:
        """Notes what a key holds."""
        self._held[key] = (line, node)


class Reader:
    """Reads one file; `problems` fills with `file:line: …` lines while it reads."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.problems: list[str] = []
        self._loader: yaml.SafeLoader | None = None
        self._text = text

    def problem(self, at: Node | int, text: str) -> None:
        """Notes that something is wrong at a node or a line."""
        line = at if isinstance(at, int) else at.start_mark.line + 1
        said = f"{self.file}:{line}: {text}"
        if said not in self.problems:
            self.problems.append(said)

    def root(self) -> Node | None:
        """The only document of the file; None where there is none, with the problem noted."""
        try:
            self._loader = yaml.SafeLoader(self._text)
            node = self._loader.get_single_node()
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            what = getattr(error, "problem", None) or "it cannot be read"
            self.problem(mark.line + 1 if mark else 1, f"is no valid YAML: {what}")
            return None
        if node is None or node.tag == _NULL:
            self.problem(1, "is empty")
            return None
        if _too_large(node):
            self.problem(node, f"is nested more than {_DEPTH_LIMIT} deep, or in itself, or has more than {_SIZE_LIMIT} values")
            return None
        return node

    def fields(self, node: Node | None, what: str) -> Fields:
        """The keys of a mapping, those it merges by `<<` after its own."""
        if node is None:
            return Fields(1)
        found = Fields(node.start_mark.line + 1)
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, f"{what} must be a mapping, got {shown(node)}")
            return found
        merged: list[Node] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.problem(key, f"a key of {what} must be a text")
            elif key.value == "<<":
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif key.value in found:
                self.problem(key, f"`{key.value}` is said twice in {what}, first on line {found.line_of(key.value)}")
            else:
                found.put(key.value, key.start_mark.line + 1, value)
        for part in merged:
            inner = self.fields(part, what)
            for name in inner:
                held = inner.get(name)
                if name not in found and held is not None:
                    found.put(name, inner.line_of(name), held)
        return found

    def items(self, node: Node | None, what: str) -> list[Node]:
        """The items of a list, none where the key is absent."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.problem(node, f"{what} must be a list, got {shown(node)}")
            return []
        return list(node.value)

    def scalar(self, node: Node, what: str) -> Value:
        """A text, number, truth value, date or nothing, as it was written and as YAML reads it."""
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, f"{what} must be a single value, got {shown(node)}")
            return Value("", None)
        assert self._loader is not None, "nodes come from a root that was read"
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            value = node.value
        kept: Scalar = value if isinstance(value, str | int | float | bool | None) else node.value
        return Value(node.value, kept)

    def words(self, fields: Fields, key: str, *, needed: bool = False) -> str:
        """The text of a key that is no placeholder; numbers and dates count as they were written."""
        node = fields.get(key)
        if node is None:
            if needed:
                self.problem(fields.line_of(key), f"`{key}` is missing" if key not in fields else f"`{key}` is empty")
            return ""
        text = self.scalar(node, f"`{key}`").text
        if found := _PLACEHOLDER.search(text):
            self.problem(node, f"`{key}` is still the placeholder `{found[0]}`")
        elif needed and isinstance(node, yaml.ScalarNode) and not text.strip():
            self.problem(node, f"`{key}` is empty")
        return text

    def truth(self, fields: Fields, key: str) -> bool:
        """A truth value, False where the key is absent."""
        node = fields.get(key)
        if node is None:
            return False
        value = self.scalar(node, f"`{key}`").value
        if not isinstance(value, bool):
            self.problem(node, f"`{key}` must be true or false, got {shown(node)}")
            return False
        return value

    def number(self, node: Node, what: str) -> int | float:
        """A finite number."""
        value = self.scalar(node, what).value if isinstance(node, yaml.ScalarNode) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value in (float("inf"), float("-inf")):
            self.problem(node, f"{what} must be a number, got {shown(node)}")
            return 0
        return value

    def whole(self, fields: Fields, key: str, otherwise: int) -> int:
        """A whole number."""
        node = fields.get(key)
        if node is None:
            return otherwise
        value = self.number(node, f"`{key}`")
        if not isinstance(value, int):
            self.problem(node, f"`{key}` must be a whole number, got {shown(node)}")
            return otherwise
        return value

    def day(self, fields: Fields, key: str) -> date | None:
        """A date, written as 2026-12-20, a time of day after it left out; None where the key is absent."""
        node = fields.get(key)
        if node is None:
            return None
        text = self.scalar(node, f"`{key}`").text
        try:
            return datetime.fromisoformat(text).date()
        except ValueError:
            self.problem(node, f"`{key}` must be a date like 2026-12-20, got {shown(node)}")
            return None

    def unknown(self, fields: Fields, names: frozenset[str], what: str) -> list[tuple[str, int]]:
        """Keys that are none of `names`, with their lines; one that nearly is one of them is a problem."""
        found = []
        for key in fields:
            if key in names:
                continue
            near = get_close_matches(key, names, n=1, cutoff=0.85)
            if near:
                self.problem(fields.line_of(key), f"unknown key `{key}` in {what}, did you mean `{near[0]}`?")
            else:
                found.append((key, fields.line_of(key)))
        return found


def _too_large(node: Node) -> bool:
    """Whether a document, its aliases written out, is deeper or larger than any contract, or contains itself."""
    sizes: dict[int, int] = {}
    above: set[int] = set()

    def size(inner: Node) -> int:
        if id(inner) in above or len(above) > _DEPTH_LIMIT:
            return _SIZE_LIMIT
        if id(inner) not in sizes:
            above.add(id(inner))
            parts = inner.value if isinstance(inner, yaml.SequenceNode) else ()
            if isinstance(inner, yaml.MappingNode):
                parts = [part for pair in inner.value for part in pair]
            sizes[id(inner)] = min(_SIZE_LIMIT, 1 + sum(size(part) for part in parts))
            above.discard(id(inner))
        return sizes[id(inner)]

    return size(node) >= _SIZE_LIMIT


def shown(node: Node) -> str:
    """A node in few words, for a message."""
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    text = str(node.value)
    return f"`{text if len(text) <= 60 else text[:59] + '…'}`"
