"""Declared secrets as JSON: references, owners, ages and places, never a value."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SCHEMA: Final = "readiness/secrets-list/1"


@dataclass(frozen=True, slots=True)
class Row:
    """One declared secret: `age_days` and `next_rotation` are empty where its age cannot be told, and `untold` says why."""

    name: str
    ref: str
    owner: str
    rotate_days: int
    rotated: str
    source: str
    age_days: int | None
    next_rotation: str
    untold: str
    faults: tuple[str, ...]
    doubt: str
    used: tuple[str, ...]
    opens: tuple[str, ...]


def emit(rows: Iterable[Row], undeclared: Iterable[tuple[str, tuple[str, ...]]], code: int | None = None) -> str:
    """The list as JSON, `readiness/secrets-list/1`; `exit` where it was checked."""
    whole: dict[str, object] = {"schema": SCHEMA}
    if code is not None:
        whole["exit"] = code
    whole["secrets"] = [
        {"name": row.name, "ref": row.ref, "owner": row.owner or None, "rotate_days": row.rotate_days, "rotated": row.rotated or None,
         "source": row.source or None, "age_days": row.age_days, "next_rotation": row.next_rotation or None, "untold": row.untold or None,
         "faults": list(row.faults), "doubt": row.doubt or None, "used": list(row.used), "opens": list(row.opens)}
        for row in rows
    ]  # fmt: skip
    whole["undeclared"] = [{"name": name, "places": list(places)} for name, places in undeclared]
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
