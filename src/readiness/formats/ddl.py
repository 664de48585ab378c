"""SQL that defines tables: which columns of which type there are after its statements. What is no such statement is passed by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

Tables = dict[str, dict[str, str]]
"""Table → column → type, names as the database folds them."""

_SKIPPED: Final = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_NAME: Final = r"(?:\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|[\w$]+)"
_FULL: Final = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_CREATE: Final = re.compile(
    rf"create\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|unlogged|external|foreign)\s+)*table\s+(?:if\s+not\s+exists\s+)?"
    rf"(?P<table>{_FULL})\s*\(",
    re.IGNORECASE,
)
_ALTER: Final = re.compile(
    rf"alter\s+(?:foreign\s+)?table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<table>{_FULL})\s+(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_DROP: Final = re.compile(rf"drop\s+table\s+(?:if\s+exists\s+)?(?P<tables>{_FULL}(?:\s*,\s*{_FULL})*)", re.IGNORECASE)
_NO_COLUMN: Final = re.compile(
    r"(?:constraint|primary\s+key|foreign\s+key|unique|check|exclude|like|index|key|fulltext|partition)\b",
    re.IGNORECASE,
)
_COLUMN: Final = re.compile(rf"(?P<name>{_NAME})\s*(?P<rest>.*)", re.DOTALL)
_TYPE_ENDS: Final = re.compile(
    r"\b(?:not\s+null|null|default|primary\s+key|references|unique|check|generated|collate|constraint|comment|auto_?increment|storage|"
    r"compression|using|encode|on\s+update|identity)\b",
    re.IGNORECASE,
)
_ACTIONS: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for kind, pattern in (
        ("add", rf"add\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?(?P<name>{_NAME})\s+(?P<type>.+)"),
        ("drop", rf"drop\s+(?:column\s+)?(?:if\s+exists\s+)?(?P<name>{_NAME})(?:\s+(?:cascade|restrict))?"),
        ("type", rf"alter\s+(?:column\s+)?(?P<name>{_NAME})\s+(?:set\s+data\s+)?type\s+(?P<type>.+)"),
        ("table", rf"rename\s+to\s+(?P<to>{_NAME})"),
        ("rename", rf"rename\s+(?:column\s+)?(?P<name>{_NAME})\s+to\s+(?P<to>{_NAME})"),
    )
)


def apply(text: str, tables: Tables | None = None) -> Tables:
    """The tables after the statements of `text`, given those before it. Never raises."""
    found = {name: dict(columns) for name, columns in (tables or {}).items()}
    for statement in _statements(text):
        if match := _CREATE.match(statement):
            found[_folded(match["table"])] = dict(_columns(statement[match.end() :]))
        elif match := _ALTER.match(statement):
            _alter(found, _folded(match["table"]), match["rest"])
        elif match := _DROP.match(statement):
            for name in match["tables"].split(","):
                found.pop(_folded(name), None)
    return found


def _statements(text: str) -> Iterator[str]:
    plain = _SKIPPED.sub(lambda found: "''" if found[0].startswith(("'", "$")) else " ", text)
    return (part.strip() for part in plain.split(";") if part.strip())


def _columns(body: str) -> Iterator[tuple[str, str]]:
    for part in _parted(body):
        if _NO_COLUMN.match(part):
            continue
        found = _COLUMN.fullmatch(part)
        if found is not None:
            yield _folded(found["name"]), _type(found["rest"])


def _parted(body: str) -> list[str]:
    """The parts of a list in brackets, up to the bracket that ends it."""
    parts: list[str] = []
    depth = start = 0
    for index, char in enumerate(body):
        if char == "(":
            depth += 1
        elif char == ")" and depth == 0:
            return [part for part in (*parts, body[start:index].strip()) if part]
        elif char == ")":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(body[start:index].strip())
            start = index + 1
    return [part for part in (*parts, body[start:].strip()) if part]


def _type(text: str) -> str:
    end = _TYPE_ENDS.search(text)
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(text[: end.start() if end else len(text)].lower().split()))


def _folded(name: str) -> str:
    parts = re.findall(_NAME, name)
    return ".".join(part[1:-1] if part[0] in '"`[' else part.lower() for part in parts)


def _alter(tables: Tables, table: str, rest: str) -> None:
    for action in _parted(rest):
        for kind, pattern in _ACTIONS:
            found = pattern.fullmatch(action.strip())
            if found is None or (kind in ("add", "drop") and _NO_COLUMN.match(re.sub(r"^\w+\s+", "", action))):
                continue
            _act(tables, table, kind, found)
            break


def _act(tables: Tables, table: str, kind: str, found: re.Match[str]) -> None:
    columns = tables.setdefault(table, {})
    if kind in ("add", "type"):
        columns[_folded(found["name"])] = _type(found["type"])
    elif kind == "drop":
        columns.pop(_folded(found["name"]), None)
    elif kind == "rename":
        columns[_folded(found["to"])] = columns.pop(_folded(found["name"]), "")
    else:
        schema = table.rpartition(".")[0]
        tables[f"{schema}.{_folded(found['to'])}" if schema else _folded(found["to"])] = tables.pop(table)
