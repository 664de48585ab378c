"""Metrics a run wrote: one flat JSON object, `{name: number}`. NaN and infinities, which JSON lacks, are read as Python writes them."""

from __future__ import annotations

import json
from typing import Any

from readiness.errors import InputError

_EXPECTED = "write one flat JSON object, {name: number}"


def parse(text: str, path: str) -> dict[str, float]:
    """The metrics in `text`, in its order. Raises InputError naming every entry that is none as `path:line: …`."""
    try:
        pairs: Any = json.loads(text, object_pairs_hook=list)
    except json.JSONDecodeError as error:
        raise InputError([f"{path}:{error.lineno}: is not valid JSON: {error.msg}"], _EXPECTED) from None
    except (ValueError, RecursionError):
        raise InputError([f"{path}:1: is not valid JSON"], _EXPECTED) from None
    if not text.lstrip().startswith("{") or not isinstance(pairs, list):
        raise InputError([f"{path}:1: must be a JSON object"], _EXPECTED)
    found: dict[str, float] = {}
    problems = []
    for name, value in pairs:
        if name in found:
            problems.append(f"{path}:{_line(text, name)}: `{name}` is there twice")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            problems.append(f"{path}:{_line(text, name)}: `{name}` must be a number, got `{_shown(value)}`")
        else:
            found[name] = _float(value)
    if problems:
        raise InputError(problems, _EXPECTED)
    return found


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond what a float holds
        return float("inf") if value > 0 else float("-inf")


def _line(text: str, name: str) -> int:
    place = text.find(json.dumps(name, ensure_ascii=False))
    return text.count("\n", 0, place if place >= 0 else text.find(json.dumps(name))) + 1


def _shown(value: Any) -> str:  # any JSON
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
