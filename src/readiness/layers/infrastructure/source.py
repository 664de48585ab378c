"""What the source says without being run: the environment variables it reads."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from readiness.layers.infrastructure import modules
from readiness.layers.infrastructure.evidence import Asked
from readiness.sequence.finding import Location
from readiness.world.project import Project

_READERS = frozenset({"os.environ.get", "os.getenv", "environ.get", "getenv"})
_MAPPINGS = frozenset({"os.environ", "environ"})


def variables(project: Project) -> list[Asked]:
    """Every variable that code of the product reads by a literal name; `required` where its absence raises."""
    found = []
    for module in modules.of(project):
        if not module.aside:
            found += list(_of_text(project.text(module.file), module.file))
    return found


def _of_text(text: str, file: str) -> Iterator[Asked]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in somebody else's strings are not our business
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _dotted(node.value) in _MAPPINGS:
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                yield Asked(node.slice.value, Location(file, node.lineno), True, False)
        elif isinstance(node, ast.Call) and _dotted(node.func) in _READERS and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                # without a default `get` gives None, which code may or may not live with: asked for, not required
                yield Asked(name.value, Location(file, node.lineno), False, False)


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{_dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"
