"""What Python source says without being run: the environment variables it reads by a literal name."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_READERS: Final = frozenset({"os.environ.get", "os.getenv", "environ.get", "getenv"})
_MAPPINGS: Final = frozenset({"os.environ", "environ"})


@dataclass(frozen=True, slots=True)
class Lookup:
    """A variable that is read: its name, the 1-based line, whether its absence raises, and the text that stands in for it."""

    name: str
    line: int
    required: bool
    default: str = ""


def lookups(text: str) -> Iterator[Lookup]:
    """Every variable that the source reads by a literal name; none where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in somebody else's strings are not our business
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _dotted(node.value) in _MAPPINGS:
            if name := _constant(node.slice):
                yield Lookup(name, node.lineno, True)
        elif isinstance(node, ast.Call) and _dotted(node.func) in _READERS and node.args and (name := _constant(node.args[0])):
            # without a default `get` gives None, which code may or may not live with: asked for, not required
            others = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "default")]
            yield Lookup(name, node.lineno, False, _constant(others[0]) if others else "")


def _constant(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{_dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"
