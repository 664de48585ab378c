"""Environment files (`.env.example` and the like): the names they declare and the values they suggest."""

from __future__ import annotations

import re
from typing import Final

_LINE: Final = re.compile(r"^\s*#?\s*(?:export\s+)?([A-Z][A-Z0-9_]{2,})\s*=\s*(.*?)\s*$")


def parse(text: str) -> dict[str, str]:
    """Names with their suggested values; a commented-out line (`# NAME=`) declares an optional name too."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := _LINE.match(line):
            value = match[2]
            quoted = re.match(r"""^(["'])(.*?)\1""", value)
            found[match[1]] = quoted[2] if quoted else re.sub(r"\s+#.*$", "", value)
    return found
