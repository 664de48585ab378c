"""YAML with the line of every key, read strictly: a duplicate key, an alias or a foreign tag is a problem, not a surprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its value, the 1-based line of every key, and `problems` as (line, text).

    `literals` maps a key whose value is a `|` block to the line its text begins on; entries of a list count as
    ("x", "0"), ("x", "1"), ….
    """

    value: Any  # whatever YAML holds; callers read it with a Reader
    lines: Mapping[Path, int] = field(default_factory=dict)
    literals: Mapping[Path, int] = field(default_factory=dict)
    problems: tuple[tuple[int, str], ...] = ()


def documents(text: str) -> tuple[Document, ...]:
    """The documents in `text`; one that is no YAML is a document with a problem."""
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        return (Document(None, problems=((line, f"is not valid YAML: {error.problem or error.context}"),)),)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return (Document(None, problems=((1, f"is not valid YAML: {str(error).splitlines()[0]}"),)),)
    return tuple(_Builder().document(node) for node in nodes if node is not None)


def single(text: str) -> Document:
    """The one document in `text`; an empty file or several documents are a problem."""
    found = documents(text)
    if not found:
        return Document(None, problems=((1, "is empty"),))
    if len(found) > 1:
        return Document(None, problems=((1, f"must hold one YAML document, got {len(found)}"),))
    return found[0]


def plain(value: Any) -> Any:  # a YAML value in, a JSON value out
    """A value as JSON holds it: dates and times become their ISO text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


class _Builder:
    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.literals: dict[Path, int] = {}
        self.problems: list[tuple[int, str]] = []
        self.seen: set[int] = set()
        self.constructor = yaml.constructor.SafeConstructor()

    def document(self, node: Node) -> Document:
        value = self._value(node, ())
        return Document(value, self.lines, self.literals, tuple(self.problems))

    def _value(self, node: Node, at: Path) -> Any:
        line = node.start_mark.line + 1
        if not isinstance(node, ScalarNode) and id(node) in self.seen:
            self.problems.append((line, "an alias is not read here: write the value out"))
            return None
        self.seen.add(id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, at)
        if isinstance(node, SequenceNode):
            return [self._item(child, (*at, str(index))) for index, child in enumerate(node.value)]
        return self._scalar(node, at, line)

    def _item(self, node: Node, at: Path) -> Any:
        self.lines[at] = node.start_mark.line + 1
        return self._value(node, at)

    def _mapping(self, node: MappingNode, at: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, child in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                self.problems.append((line, "a key must be a plain word"))
                continue
            name = str(key.value)
            if name in found:
                self.problems.append((line, f"`{name}` is there twice"))
                continue
            self.lines[(*at, name)] = line
            found[name] = self._value(child, (*at, name))
        return found

    def _scalar(self, node: Node, at: Path, line: int) -> Any:
        if getattr(node, "style", None) == "|":
            self.literals[at] = line + 1
        try:
            return self.constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            said = getattr(error, "problem", None) or str(error)
            self.problems.append((line, f"cannot be read: {said}"))
            return None
