"""Jupyter notebooks: their code, and the packages they install from within."""

from __future__ import annotations

import json
import re
import shlex
from typing import Final

_INSTALL: Final = re.compile(r"^\s*[!%]\s*(?:\{sys\.executable\}\s+-m\s+|python3?\s+-m\s+|uv\s+)?pip3?\s+install\s+(.+)$")


def code_cells(text: str) -> tuple[str, ...]:
    """The sources of the code cells in order. Raises ValueError where the text is no notebook."""
    try:
        data = json.loads(text)
        cells = data["cells"] if "cells" in data else data["worksheets"][0]["cells"]
        code = [cell.get("source", cell.get("input", "")) for cell in cells if cell.get("cell_type") == "code"]
        if not all(
            isinstance(source, str) or (isinstance(source, list) and all(isinstance(line, str) for line in source)) for source in code
        ):
            raise TypeError("a source that is no text")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"is no notebook ({type(error).__name__})") from None
    return tuple("".join(source) for source in code)


def installs(text: str) -> tuple[tuple[str, ...], ...]:
    """The arguments of every `%pip install` and `!pip install` line, in order. Raises ValueError as `code_cells`."""
    found = []
    for cell in code_cells(text):
        for line in cell.splitlines():
            if match := _INSTALL.match(line):
                try:
                    found.append(tuple(shlex.split(match[1], comments=True)))
                except ValueError:
                    continue
    return tuple(found)
