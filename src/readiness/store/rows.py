"""What every kind of row needs: values PostgreSQL can hold, and prefixes of ids as ranges."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from readiness.errors import UsageError

PREFIX_LENGTH: Final = 8
"""The fewest characters by which an id may be named."""


def text(value: str) -> str:
    """A text PostgreSQL can hold: NUL and half a surrogate pair, which it cannot, become the replacement character."""
    return value.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def optional(value: str | None) -> str | None:
    """The same for a text that may be missing."""
    return None if value is None else text(value)


def document(value: object) -> object:
    """A value as JSON in PostgreSQL can hold it; numbers that JSON does not know become their names."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {text(str(key)): document(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [document(item) for item in value]
    return value


def columns(names: Iterable[str], rows: Iterable[dict[str, object]]) -> dict[str, list[object]]:
    """Rows turned into one list a column, as the queries bind them."""
    kept = list(rows)
    return {name: [row[name] for row in kept] for name in names}


def id_range(prefix: str) -> dict[str, str]:
    """The range of ids with a prefix. Raises UsageError where it is shorter than eight characters."""
    if len(prefix) < PREFIX_LENGTH:
        raise UsageError(f"`{prefix}` is too short to name anything", f"give at least {PREFIX_LENGTH} characters")
    return {"first": text(prefix), "beyond": text(prefix) + "\N{DELETE}"}
