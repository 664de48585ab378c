"""Jupyter notebooks: their code, the packages they install from within, and what their cells show."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

_INSTALL: Final = re.compile(r"^\s*[!%]\s*(?:\{sys\.executable\}\s+-m\s+|python3?\s+-m\s+|uv\s+)?pip3?\s+install\s+(.+)$")

_INLINE: Final = re.compile(r"</?(?:b|i|u|em|strong|span|code|mark|small|a|font|wbr)\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")


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


def shown(text: str) -> tuple[tuple[str, str], ...]:
    """What a notebook shows beside its code: pairs of `cell 3, output 1` and the text there, HTML and tracebacks included.

    Markdown is what a cell of it says; pictures are none. Raises ValueError where the text is no notebook.
    """
    code_cells(text)
    data = json.loads(text)
    cells = data["cells"] if "cells" in data else data["worksheets"][0]["cells"]
    found: list[tuple[str, str]] = []
    for number, cell in enumerate(cells, 1):
        found.append((f"cell {number}", _text(cell.get("source", cell.get("input", "")))))
        for index, output in enumerate(cell.get("outputs") or (), 1):
            if isinstance(output, dict):
                found.append((f"cell {number}, output {index}", "\n".join(_said(output))))
    return tuple((place, said) for place, said in found if said)


def _said(output: dict[str, Any]) -> Iterator[str]:  # an output holds any JSON value
    """The texts of one output: a stream, the forms of a result (HTML without its tags), the traceback of an error."""
    yield _text(output.get("text", ""))
    frames = output.get("traceback")
    yield _ANSI.sub("", "\n".join(line for line in frames if isinstance(line, str)) if isinstance(frames, list) else "")
    forms = output.get("data")
    for kind, value in forms.items() if isinstance(forms, dict) else ():
        if kind.startswith("text/html"):
            yield html.unescape(_TAG.sub(" ", _INLINE.sub("", _text(value))))
        elif kind.startswith("text/"):
            yield _text(value)
        elif kind.endswith("json"):
            yield json.dumps(value, ensure_ascii=False)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
