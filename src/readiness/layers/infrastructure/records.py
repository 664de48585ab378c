"""Outputs as records: read from JSON, JSON lines and CSV, with what the manifest normalises taken out."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d))?)?")
_ID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,64}|[0-9A-HJKMNP-TV-Z]{26}|[a-z]+[-_][0-9a-zA-Z]{8,40}"
)
_EPOCH_S: Final = (631_152_000, 4_102_444_800)
"""1990 to 2100 in seconds: a number outside is no time of day, whatever it is multiplied with."""


def read(name: str, data: bytes, normalise: Mapping[str, str] | None = None) -> list[Any] | None:
    """The records of an output; None where it has none. `normalise` maps `file:field` to `timestamp` or `id`.

    A JSON file is one record, a JSON-lines file one a line, a CSV file one a row (header → value).
    """
    records = _parsed(name, data)
    rules = {key.partition(":")[2]: kind for key, kind in (normalise or {}).items() if key.partition(":")[0] == name}
    if records is None or not rules:
        return records
    seen: dict[str, str] = {}
    return [_plain(record, "", rules, seen) for record in records]


def _parsed(name: str, data: bytes) -> list[Any] | None:
    try:
        text = data.decode("utf-8")
        if name.endswith(".jsonl"):
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        if name.endswith(".csv"):
            rows = list(csv.DictReader(io.StringIO(text), restkey="", restval="", strict=True))
            return list(rows) if rows else None
        return [json.loads(text)] if name.endswith(".json") else None
    except (ValueError, csv.Error, RecursionError):
        return None


def _plain(value: Any, key: str, rules: Mapping[str, str], seen: dict[str, str]) -> Any:
    """A value without what its rule leaves out: a moment becomes `<timestamp>`, an id its number in the order of appearance."""
    if isinstance(value, dict):
        return {name: _plain(item, name, rules, seen) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, key, rules, seen) for item in value]
    kind = rules.get(key)
    if kind == "timestamp" and is_moment(value):
        return "<timestamp>"
    if kind == "id" and isinstance(value, str | int) and value != "" and not isinstance(value, bool):
        return seen.setdefault(str(value), f"<id {len(seen) + 1}>")
    return value


def is_moment(value: object) -> bool:
    """Whether a value reads as a moment: an ISO 8601 text, or seconds, milliseconds … since 1970."""
    if isinstance(value, str):
        return bool(_MOMENT.fullmatch(value)) or (value.replace(".", "", 1).isdigit() and is_moment(float(value)))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return any(_EPOCH_S[0] <= value / scale <= _EPOCH_S[1] for scale in (1, 1e3, 1e6, 1e9))


def kind_of(left: object, right: object) -> str:
    """What two values that differ both look like: `timestamp`, `id`, or empty."""
    kinds: dict[str, Callable[[object], bool]] = {
        "timestamp": is_moment,
        "id": lambda value: isinstance(value, str) and bool(_ID.fullmatch(value)),
    }
    return next((kind for kind, looks in kinds.items() if looks(left) and looks(right)), "")
