"""Numbers in sentences: `1 span`, `2 spans`, `1 of them fails`."""

from __future__ import annotations

from collections.abc import Iterable


def counted(count: int, noun: str) -> str:
    """How many of something, the noun in the form the number asks for: `1 model call`, `0 entries`."""
    return f"{count} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a regular English noun; of several words the last one changes."""
    if noun.endswith("y") and noun[-2:-1] not in ("a", "e", "i", "o", "u", ""):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def agreeing(count: int, one: str, many: str) -> str:
    """The form of a verb that goes with a number: `fails` with 1, `fail` with any other."""
    return one if count == 1 else many


def times(count: int) -> str:
    """How often: `once`, or `3 times`."""
    return "once" if count == 1 else f"{count} times"


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first different names, and how many more there are: `a, b, c and 2 more`."""
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"{', '.join(found[:most])}{more}"
