"""What a metric's query says about itself: the tables it reads and the columns its value is made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_COUNTS: Final = frozenset({"count", "count_star"})


@dataclass(frozen=True, slots=True)
class Reading:
    """`tables` read, `value` columns in lower case, also through subqueries, and whether the value is a `counted` number of rows."""

    tables: tuple[str, ...] = ()
    value: frozenset[str] = frozenset()
    counted: bool = False


def of_tree(said: str) -> Reading | None:
    """The reading of a serialised SELECT (DuckDB's `json_serialize_sql`); None where there is no tree in it."""
    try:
        tree = json.loads(said)
        top = tree["statements"][0]["node"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    named = {item["key"].lower() for part in _nodes(tree) for item in (part.get("cte_map") or {}).get("map", [])}
    tables = {part["table_name"] for part in _nodes(tree) if part.get("type") == "BASE_TABLE"}
    value, functions, columns = _lineage(tree, top)
    counted = bool(value) and (bool(functions & _COUNTS) or not columns)
    return Reading(tuple(sorted(name for name in tables if name.lower() not in named)), columns, counted)


def of_text(sql: str) -> Reading:
    """The reading of a query no parser here knows: the words after FROM and JOIN, and those of `… as value`."""
    tables = re.findall(r'\b(?:from|join)\s+"?([A-Za-z_][\w.]*)"?', sql, re.IGNORECASE)
    found = re.findall(r'(?:\bselect\b|,)((?:[^,()]|\((?:[^()]|\([^()]*\))*\))*?)\s+as\s+"?value"?(?!\w)', sql, re.IGNORECASE | re.DOTALL)
    words = {word.lower() for word in re.findall(r"[A-Za-z_]\w*", " ".join(found))}
    return Reading(tuple(sorted({name.rpartition(".")[2] for name in tables})), frozenset(words - {"sum"}), bool(words & _COUNTS))


def _lineage(tree: Any, top: Any) -> tuple[list[Any], set[str], frozenset[str]]:
    """The expressions named `value`, the functions they use and the columns they come from, through every alias."""
    aliases: dict[str, list[Any]] = {}
    for node in _nodes(tree):
        for item in node.get("select_list") or []:
            aliases.setdefault(_label(item), []).append(item)
    begun = [item for node in _ends(top) for item in node.get("select_list") or [] if _label(item) == "value"]
    todo = begun or aliases.get("value", [])
    value, columns, functions = list(todo), set(), set()
    seen: set[int] = set()
    while todo:
        expression = todo.pop()
        if id(expression) in seen:
            continue
        seen.add(id(expression))
        functions |= {str(part["function_name"]).lower() for part in _nodes(expression) if part.get("class") == "FUNCTION"}
        for name in (part["column_names"][-1].lower() for part in _nodes(expression) if part.get("class") == "COLUMN_REF"):
            columns.add(name)
            todo += aliases.get(name, [])
    return value, functions, frozenset(columns)


def _ends(node: Any) -> Iterator[Any]:
    """The SELECTs whose columns are those of the result: one, or both sides of a set operation."""
    if node.get("type") == "SELECT_NODE":
        yield node
    for side in ("left", "right", "children"):
        inner = node.get(side) if node.get("type") == "SET_OPERATION_NODE" else None
        for child in inner if isinstance(inner, list) else [inner] if inner else []:
            yield from _ends(child)


def _label(item: dict[str, Any]) -> str:
    if item.get("alias"):
        return str(item["alias"]).lower()
    return str(item["column_names"][-1]).lower() if item.get("class") == "COLUMN_REF" else ""


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every table of a JSON value, in its order."""
    stack = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            yield part
            stack += part.values()
        elif isinstance(part, list):
            stack += part
