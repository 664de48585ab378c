"""Globs over paths in `/` form: `*` and `?` stay within a step, `**` crosses steps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache


@cache
def pattern(glob: str) -> re.Pattern[str]:
    """The expression that matches whole paths; `**/` also matches nothing, so `**/a` matches `a`."""
    parts = []
    position = 0
    while position < len(glob):
        if glob.startswith("**/", position):
            parts.append("(?:[^/]+/)*")
            position += 3
        elif glob.startswith("**", position):
            parts.append(".*")
            position += 2
        else:
            char = glob[position]
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)))
            position += 1
    return re.compile("".join(parts), re.DOTALL)


def matching(globs: Iterable[str], paths: Iterable[str]) -> tuple[str, ...]:
    """The paths that match any of the globs, sorted."""
    patterns = [pattern(glob) for glob in globs]
    return tuple(sorted(path for path in paths if any(item.fullmatch(path) for item in patterns)))
