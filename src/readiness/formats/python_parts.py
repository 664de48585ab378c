"""Python source by its parts: functions, methods, classes and the statements outside of them, without comments and layout."""

from __future__ import annotations

import ast
import json
import re

TOP: str = "top level"
_MAGIC = re.compile(r"^[ \t]*[!%].*$", re.MULTILINE)


def parts(source: str) -> dict[str, str]:
    """Name of a part → what it does, as a text that is equal where nothing but comments, docstrings or layout differ.

    Raises ValueError where this Python cannot read the source.
    """
    try:
        tree = ast.parse(source)
        found: dict[str, list[str]] = {}
        _collect(tree, "", found)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"cannot be read as Python: {error}") from None
    return {name: "\n".join(texts) for name, texts in found.items()}


def notebook(text: str) -> str:
    """The code cells of a notebook as one source, without magics. Raises ValueError where it is no notebook."""
    try:
        cells = json.loads(text)["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise ValueError("is no notebook") from None
    return _MAGIC.sub("pass", "\n".join(sources))


def _collect(node: ast.Module | ast.ClassDef, at: str, found: dict[str, list[str]]) -> None:
    rest: list[ast.stmt] = []
    for child in _body(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"method {at}.{child.name}" if at else f"function {child.name}"
            _without_docstrings(child)
            found.setdefault(name, []).append(ast.dump(child))
        elif isinstance(child, ast.ClassDef):
            inner = f"{at}.{child.name}" if at else child.name
            head = ast.dump(ast.Tuple([*child.bases, *(word.value for word in child.keywords), *child.decorator_list], ast.Load()))
            found.setdefault(f"class {inner}", []).append(head)
            _collect(child, inner, found)
        else:
            rest.append(child)
    if rest or not at:
        found.setdefault(f"class {at}" if at else TOP, []).extend(ast.dump(child) for child in rest)


def _body(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    first = node.body[0] if node.body else None
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return node.body[1:] if documented else node.body


def _without_docstrings(function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    for node in ast.walk(function):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.body = _body(node) or [ast.Pass()]
