"""Compares two outputs of a demo: equal bytes first, then stated tolerances, and the first record that differs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readiness.config.manifest import Tolerance
from readiness.layers.infrastructure import records
from readiness.sequence.wording import counted


def difference(
    name: str, first: Path, second: Path, tolerances: Mapping[str, Tolerance], normalise: Mapping[str, str] | None = None
) -> str:
    """How two files differ, in one line; empty where they are the same or within the tolerances for `name`.

    `normalise` leaves out what the manifest says is a time or an id, as `file:field` → kind.

    A tolerance is named `file:field`; it applies to numbers under that key in a JSON or JSON-lines file. NaN equals
    nothing, not even NaN: a result that is no number was not reproduced.
    """
    one, two = first.read_bytes(), second.read_bytes()
    if one == two:
        return ""
    stated = {key.partition(":")[2]: value for key, value in tolerances.items() if key.partition(":")[0] == name}
    rules = {key: kind for key, kind in (normalise or {}).items() if key.partition(":")[0] == name}
    left, right = records.read(name, one, rules), records.read(name, two, rules)
    if (stated or rules) and left is not None and right is not None:
        return _records_differ(name, left, right, stated)
    return _lines_differ(name, one, two)


def _records_differ(name: str, one: list[Any], two: list[Any], stated: Mapping[str, Tolerance]) -> str:
    if len(one) != len(two):
        return f"{name}: {counted(len(one), 'record')}, then {len(two)}"
    for index, (left, right) in enumerate(zip(one, two, strict=True), start=1):
        if found := _value(left, right, "", stated):
            return f"{name}:{index}: {found}"
    return ""


def _value(left: Any, right: Any, key: str, stated: Mapping[str, Tolerance]) -> str:
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        return next((found for name in left if (found := _value(left[name], right[name], name, stated))), "")
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return next((found for a, b in zip(left, right, strict=True) if (found := _value(a, b, key, stated))), "")
    if _number(left) and _number(right) and key in stated:
        allowed = stated[key].abs + stated[key].rel * abs(left)
        return "" if abs(left - right) <= allowed else f"`{key}` is {left}, then {right}, allowed {allowed:g}"
    same = left == right and isinstance(left, bool) == isinstance(right, bool)  # to Python, True equals 1
    return "" if same else f"`{key}` is {_short(left)}, then {_short(right)}"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _lines_differ(name: str, one: bytes, two: bytes) -> str:
    left, right = one.decode("utf-8", "replace").splitlines(), two.decode("utf-8", "replace").splitlines()
    for number, (a, b) in enumerate(zip(left, right, strict=False), start=1):
        if a != b:
            start = _shared(a, b)
            return f"{name}:{number}: `{_from(a, start)}`, then `{_from(b, start)}`"
    return f"{name}: {counted(len(left), 'line')}, then {len(right)}"


def _shared(a: str, b: str) -> int:
    """Where to begin to show two texts that differ: a little before the first character that does."""
    same = next((index for index, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return max(0, same - 20) if same > 40 else 0


def _from(text: str, start: int) -> str:
    shown = text[start : start + 60]
    return f"{'…' if start else ''}{shown}{'…' if start + 60 < len(text) else ''}"
