"""Writes a condition of a row policy as a condition of Cedar, or refuses it by name.

It is written from its form in `sameness`, in which every fact says what is so; a column that may be null is asked for first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from readiness.formats.cedar.tokens import quoted
from readiness.layers.security.sql_expression import Foreign, Node
from readiness.layers.security.standing import Standing

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = frozenset({"true", "false", "if", "then", "else", "in", "like", "has", "is", "__cedar"})
_SIGNS: Final = {"=": "==", "<>": "!=", "<": "<", "<=": "<="}


@dataclass(frozen=True, slots=True)
class Asked:
    """The table a condition is about, its entity type, the type of roles, and the columns that hold names of roles."""

    one: Standing
    type: str
    role: str
    people: frozenset[str]


def condition(fact: Node, asked: Asked) -> str:
    """The condition. Raises Foreign where a part of it cannot be said."""
    match fact:
        case Node("true" | "false" as said):
            return said
        case Node("and" | "or" as kind, _, parts):
            sign = " && " if kind == "and" else " || "
            return sign.join(f"({condition(part, asked)})" for part in parts)
        case Node("null", _, (Node("column") as column,)):
            return f"!(resource has {key(_name(column))})" if _nullable(column, asked) else "false"
        case Node("false of", _, (Node("null" | "member") as inner,)) | Node("not so", _, (inner,)):
            return f"!({condition(inner, asked)})"
        case Node("false of", _, (inner,)):
            return _guarded(inner, f"!({_said(inner, asked)})", asked)
        case _:
            return _guarded(fact, _said(fact, asked), asked)


def _said(fact: Node, asked: Asked) -> str:
    match fact:
        case Node("flag", name):
            return f"resource{attribute(name)}"
        case Node("member", role):
            return f"principal in {asked.role}::{quoted(role)}"
        case Node("like", pattern, (value,)):
            return f'{_value(value, asked, people=False)} like "{_pattern(pattern)}"'
        case Node("within", _, (value, array)):
            return f"{_value(array, asked, people=False)}.contains({_value(value, asked, people=False)})"
        case Node("=" | "<>" as sign, _, (Node("text", key), Node("cast", _, (column,)))) | Node(
            "=" | "<>" as sign, _, (Node("cast", _, (column,)), Node("text", key))
        ) if asked.one.facts.key == (_name(column),):
            return f"resource {_SIGNS[sign]} {asked.type}::{quoted(key)}"
        case Node("=" | "<>" | "<" | "<=" as sign, _, (left, right)):
            people = any(part.kind == "user" or (part.kind == "column" and _name(part) in asked.people) for part in (left, right))
            return f"{_value(left, asked, people=people)} {_SIGNS[sign]} {_value(right, asked, people=people)}"
    raise Foreign(f"`{fact.kind}`")


def _value(node: Node, asked: Asked, *, people: bool) -> str:
    match node:
        case Node("column"):
            return f"resource{attribute(_name(node))}"
        case Node("text", text):
            return f"{asked.role}::{quoted(text)}" if people else quoted(text)
        case Node("number", text):
            return text
        case Node("user"):
            return "principal"
    raise Foreign(f"`{node.kind}`")


def _guarded(fact: Node, text: str, asked: Asked) -> str:
    names = dict.fromkeys(_name(column) for column in columns(fact) if _nullable(column, asked))
    return " && ".join([*(f"resource has {key(name)}" for name in names), text])


def columns(node: Node) -> Iterator[Node]:
    """The columns a node names, those of a boolean among them."""
    if node.kind in ("column", "exact"):
        yield node
    if node.kind == "flag":
        yield Node("column", f"boolean {node.text}")
    for part in node.parts:
        yield from columns(part)


def _name(column: Node) -> str:
    return column.text.partition(" ")[2]


def _nullable(column: Node, asked: Asked) -> bool:
    found = asked.one.facts.column(_name(column))
    return found is not None and found.nullable


def _pattern(pattern: str) -> str:
    """A pattern of Cedar for one of SQL with `!` as its escape."""
    said, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "_":
            raise Foreign("`_` in a pattern")
        if char == "%":
            said += "*"
        else:
            at += char == "!"
            said += "\\*" if pattern[at] == "*" else quoted(pattern[at])[1:-1]
        at += 1
    return said


def attribute(name: str) -> str:
    """How an attribute is asked for: `.name`, or `["a name"]`."""
    return f".{name}" if _PLAIN.fullmatch(name) and name not in _RESERVED else f"[{quoted(name)}]"


def key(name: str) -> str:
    """How an attribute is named where it is declared or asked for."""
    return name if _PLAIN.fullmatch(name) and name not in _RESERVED else quoted(name)
