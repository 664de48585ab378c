"""The smallest set that still does it: delta debugging.

Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), the algorithm ddmin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def smallest(items: Sequence[Item], does: Callable[[tuple[Item, ...]], bool]) -> tuple[Item, ...]:
    """A part of `items` for which `does` is true and of which no single item can be left out.

    `does(items)` must be true; `does` is asked at most a quadratic number of times, and never about the empty part.
    """
    found, parts = tuple(items), 2
    while len(found) > 1:
        pieces = _split(found, parts)
        reduced = next((piece for piece in pieces if does(piece)), None)
        if reduced is not None:
            found, parts = reduced, 2
            continue
        rests = [tuple(item for other in pieces if other is not piece for item in other) for piece in pieces] if parts > 2 else []
        reduced = next((rest for rest in rests if does(rest)), None)
        if reduced is not None:
            found, parts = reduced, max(parts - 1, 2)
        elif parts < len(found):
            parts = min(2 * parts, len(found))
        else:
            break
    return found


def _split(items: tuple[Item, ...], parts: int) -> list[tuple[Item, ...]]:
    size, more = divmod(len(items), parts)
    ends = [size * (index + 1) + min(index + 1, more) for index in range(parts)]
    return [items[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True) if end > start]
