"""Globs over the paths of a project: `*` stays within a folder, `**` does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether a path relative to the project's root is one of those that the globs name."""
    return any(_compiled(glob).fullmatch(path) for glob in globs)


def is_glob(path: str) -> bool:
    """Whether a path stands for several."""
    return any(char in path for char in "*?[")


@lru_cache(maxsize=256)
def _compiled(glob: str) -> re.Pattern[str]:
    parts = []
    position = 0
    text = glob.removeprefix("./")
    while position < len(text):
        if text.startswith("**/", position):
            parts.append("(?:.*/)?")
            position += 3
        elif text.startswith("**", position):
            parts.append(".*")
            position += 2
        elif text[position] == "*":
            parts.append("[^/]*")
            position += 1
        elif text[position] == "?":
            parts.append("[^/]")
            position += 1
        elif text[position] == "[" and (end := text.find("]", position + 2)) > 0:
            inner = text[position + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]")
            position = end + 1
        else:
            parts.append(re.escape(text[position]))
            position += 1
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:
        return re.compile(re.escape(text))
