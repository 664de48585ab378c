"""A change of files taken apart: into files, keys of settings, columns of data, and runs of changed lines.

A unit is something that can come from A or from B on its own. `mixture` builds the file in which some do.
"""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final

from readiness.world.environment import Environment

SPLIT_BYTES: Final = 4 << 20
"""Files beyond this are not taken apart."""
_MOST_UNITS: Final = 400
_GONE: Final = object()


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that differs: in which file, and what of it; `lines` are those of B (first, last), (0, 0) for none."""

    path: str
    name: str = ""
    lines: tuple[int, int] = (0, 0)

    @property
    def label(self) -> str:
        """The unit as people name it."""
        return f"{self.path}{f' {self.name}' if self.name else ''}"


@dataclass(frozen=True)
class Split:
    """A file taken apart: its units, and how it reads with those of some indices from B."""

    units: tuple[Unit, ...]
    mixture: Callable[[frozenset[int]], bytes] = field(repr=False)


def split(path: str, one: bytes, two: bytes) -> Split | None:
    """The units of a file that differs; None where it cannot be taken apart, or is a single unit."""
    if len(one) + len(two) > SPLIT_BYTES:
        return None
    try:
        left, right = one.decode(), two.decode()
    except UnicodeDecodeError:
        return None
    found = _settings(path, left, right) or _columns(path, left, right) or _hunks(path, left, right)
    return found if found is not None and 1 <= len(found.units) <= _MOST_UNITS else None


# Settings by key


def _settings(path: str, one: str, two: str) -> Split | None:
    kind = path.rpartition(".")[2].lower()
    if kind not in ("json", "toml", "yaml", "yml"):
        return None
    try:
        left, right = _parsed(kind, one), _parsed(kind, two)
    except ValueError:
        return None
    if not isinstance(left, dict) or not isinstance(right, dict):
        return None
    flat = _flat(left), _flat(right)
    keys = [key for key in {**flat[0], **flat[1]} if flat[0].get(key, _GONE) != flat[1].get(key, _GONE)]
    if not keys:
        return None

    def mixture(chosen: frozenset[int]) -> bytes:
        values = dict(flat[0])
        for index in chosen:
            values.pop(keys[index], None)
            if keys[index] in flat[1]:
                values[keys[index]] = flat[1][keys[index]]
        return _dumped(kind, _nested(values)).encode()

    return Split(tuple(Unit(path, ".".join(key)) for key in keys), mixture)


def _parsed(kind: str, text: str) -> Any:  # whatever the file holds
    if kind == "json":
        return json.loads(text)
    if kind == "toml":
        return tomllib.loads(text)
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _dumped(kind: str, value: Mapping[str, Any]) -> str:
    if kind == "json":
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if kind == "toml":
        import tomlkit

        return tomlkit.dumps(value)
    import yaml

    return str(yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True))


def _flat(value: Mapping[str, Any], above: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every leaf by its path; a list is a leaf, and so is an empty table."""
    found: dict[tuple[str, ...], Any] = {}
    for key, item in value.items():
        at = (*above, str(key))
        if isinstance(item, dict) and item:
            found |= _flat(item, at)
        else:
            found[at] = item
    return found


def _nested(values: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for path, value in values.items():
        at = whole
        for step in path[:-1]:
            inner = at.setdefault(step, {})
            if not isinstance(inner, dict):
                inner = at[step] = {}
            at = inner
        at[path[-1]] = value
    return whole


# Data by column


def _columns(path: str, one: str, two: str) -> Split | None:
    kind = path.rpartition(".")[2].lower()
    if kind in ("csv", "tsv"):
        left, right = (_table(text, "\t" if kind == "tsv" else ",") for text in (one, two))
    elif kind in ("jsonl", "ndjson"):
        left, right = _records(one), _records(two)
    else:
        return None
    if left is None or right is None or len(left) != len(right):
        return None
    names = list(dict.fromkeys(name for row in (*left, *right) for name in row))
    differing = [name for name in names if any(a.get(name, _GONE) != b.get(name, _GONE) for a, b in zip(left, right, strict=True))]
    if not differing:
        return None

    def mixture(chosen: frozenset[int]) -> bytes:
        taken = {differing[index] for index in chosen}
        rows = [
            {name: (b if name in taken else a)[name] for name in names if name in (b if name in taken else a)}
            for a, b in zip(left, right, strict=True)
        ]
        return _written(kind, rows, names).encode()

    return Split(tuple(Unit(path, f"column {name}") for name in differing), mixture)


def _table(text: str, separator: str) -> list[dict[str, Any]] | None:
    rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    if not rows or any(len(row) != len(rows[0]) for row in rows) or len(set(rows[0])) != len(rows[0]):
        return None
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def _records(text: str) -> list[dict[str, Any]] | None:
    try:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        return None
    return found if all(isinstance(item, dict) for item in found) else None


def _written(kind: str, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    if kind in ("jsonl", "ndjson"):
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    out = io.StringIO()
    there = [name for name in names if all(name in row for row in rows)]
    writer = csv.DictWriter(out, there, delimiter="\t" if kind == "tsv" else ",", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# Anything by lines


def _hunks(path: str, one: str, two: str) -> Split | None:
    left, right = one.splitlines(keepends=True), two.splitlines(keepends=True)
    if len(left) + len(right) > 20_000:
        return None
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    changed = [block for block in blocks if block[0] != "equal"]

    def mixture(chosen: frozenset[int]) -> bytes:
        taken = {changed[index] for index in chosen}
        lines: list[str] = []
        for block in blocks:
            _, a, b, c, d = block
            lines += right[c:d] if block in taken else left[a:b]
        return "".join(lines).encode()

    return Split(tuple(_hunk(path, block) for block in changed), mixture)


def _hunk(path: str, block: tuple[str, int, int, int, int]) -> Unit:
    _, a, b, c, d = block
    if c == d:
        return Unit(path, f"lines {a + 1}-{b} of A, taken out" if b - a > 1 else f"line {b} of A, taken out")
    return Unit(path, f"lines {c + 1}-{d}" if d - c > 1 else f"line {d}", (c + 1, d))


# Packages


def packages(one: Environment, two: Environment) -> dict[str, tuple[str | None, str | None]]:
    """The packages whose versions differ: name → (version in A, version in B), None where it is not there."""
    names: Iterable[str] = sorted({*one.packages, *two.packages})
    found = {name: (one.packages.get(name), two.packages.get(name)) for name in names}
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}
