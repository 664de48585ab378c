"""Named queries, read from the `.sql` files beside the package; values are always bound, never written into them."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final, LiteralString, cast

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def every() -> dict[str, LiteralString]:
    """All queries by name. Raises ValueError where two bear the same."""
    found: dict[str, LiteralString] = {}
    for file in sorted(files("readiness.store").joinpath("sql").iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".sql"):
            continue
        _, *parts = _NAME.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            if name in found:
                raise ValueError(f"two queries are named {name}")
            # What ships with the program is as literal as its source.
            found[name] = cast(LiteralString, text.strip().removesuffix(";"))
    return found


def named(name: str) -> LiteralString:
    """The text of a query. Raises KeyError where there is none of that name."""
    return every()[name]
