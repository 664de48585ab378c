"""Small changes to source code that a test suite should notice.

Operators after DeMillo, Lipton and Sayward (1978): a comparison turned round, a condition negated, an arithmetic operator
exchanged, a constant moved, a result dropped. Only changes that alter behaviour on purpose; text for people is left alone.
"""

from __future__ import annotations

import ast
import copy
import random
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip
_QUIET: Final = frozenset({"__repr__", "__str__", "__hash__"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the file, the 1-based line, what was done in words, and the whole changed text."""

    file: str
    line: int
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Site:
    """A place that can be changed: the file and the number of the site in it."""

    file: str
    index: int


def sites(texts: dict[str, str]) -> list[Site]:
    """Every place that can be changed in the given files (path → source), in order; unreadable files have none."""
    found = []
    for file, text in sorted(texts.items()):
        tree = _parse(text)
        if tree is not None:
            found += [Site(file, index) for index, _ in enumerate(_nodes(tree))]
    return found


def sample(found: list[Site], count: int, seed: int) -> list[Site]:
    """At most `count` of the sites, drawn without replacement by `seed`, in the order drawn."""
    return random.Random(seed).sample(found, min(count, len(found)))  # noqa: S311  a reproducible sample, no secret


def apply(site: Site, text: str) -> Mutant | None:
    """The change at a site of the file whose source is `text`; None where it changes nothing."""
    tree = _parse(text)
    if tree is None:
        return None
    node = list(_nodes(tree))[site.index]
    before = ast.unparse(tree)
    what = _change(node)
    after = ast.unparse(ast.fix_missing_locations(tree))
    return Mutant(site.file, getattr(node, "lineno", 1), what, after) if after != before else None


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name in _QUIET:
            continue
        if isinstance(child, ast.If) and _is_guard(child.test):
            continue
        if _changeable(child):
            yield child
        yield from _nodes(child)


def _is_guard(test: ast.AST) -> bool:
    text = ast.unparse(test)
    return "__name__" in text or "TYPE_CHECKING" in text


def _changeable(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS
    if isinstance(node, ast.BinOp):
        texts = isinstance(node.left, ast.Constant | ast.JoinedStr) and isinstance(getattr(node.left, "value", ""), str)
        return type(node.op) in _ARITHMETIC and not texts
    if isinstance(node, ast.Return):
        return node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and node.value != node.value + 1  # one more is nothing to a huge float
    return isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))


def _change(node: ast.AST) -> str:
    before = ast.unparse(copy.copy(node))[:60]
    if isinstance(node, ast.Compare):
        node.ops[0] = _COMPARISONS[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp):
        node.op = _ARITHMETIC[type(node.op)]()
    elif isinstance(node, ast.Return):
        node.value = ast.Constant(None)
    elif isinstance(node, ast.Constant):
        node.value = (not node.value) if isinstance(node.value, bool) else node.value + 1  # type: ignore[operator]  # numbers only, see _changeable
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.UnaryOp):
        node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
    return f"`{before}` became `{ast.unparse(ast.fix_missing_locations(node))[:60]}`"
