"""What Python source says without being run: the environment variables it reads by a literal name."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_READERS: Final = frozenset({"os.environ.get", "os.getenv", "environ.get", "getenv"})
_MAPPINGS: Final = frozenset({"os.environ", "environ"})
_CALLS: Final = re.compile(r"(?:\w+\.)*(?:config|env)(?:\.(?:str|url|db|db_url|get_value))?")
"""How python-decouple, environs and django-environ are asked."""
_KEPT: Final = frozenset({"st.secrets", "streamlit.secrets"})


@dataclass(frozen=True, slots=True)
class Lookup:
    """A variable that is read: its name, the 1-based line, whether its absence raises, and the text that stands in for it."""

    name: str
    line: int
    required: bool
    default: str = ""


def lookups(text: str) -> Iterator[Lookup]:
    """Every variable that the source reads by a literal name; none where it is no Python."""
    for node in _nodes(text):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _dotted(node.value) in _MAPPINGS:
            if name := _constant(node.slice):
                yield Lookup(name, node.lineno, True)
        elif isinstance(node, ast.Call) and _dotted(node.func) in _READERS and node.args and (name := _constant(node.args[0])):
            # without a default `get` gives None, which code may or may not live with: asked for, not required
            others = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "default")]
            yield Lookup(name, node.lineno, False, _constant(others[0]) if others else "")


def indirect(text: str) -> Iterator[Lookup]:
    """Variables read through a library: fields of pydantic's BaseSettings, `config("NAME")` and `env("NAME")`, `st.secrets["NAME"]`.

    A field is read in capitals, behind the `env_prefix` of its class, or by its alias.
    """
    for node in _nodes(text):
        if isinstance(node, ast.ClassDef) and any(_dotted(base).rpartition(".")[2] == "BaseSettings" for base in node.bases):
            yield from _fields(node)
        elif isinstance(node, ast.Call) and node.args and _CALLS.fullmatch(_dotted(node.func)):
            if (name := _constant(node.args[0])).isupper():
                others = [word.value for word in node.keywords if word.arg == "default"]
                yield Lookup(name, node.lineno, not others, _constant(others[0]) if others else "")
        elif isinstance(node, ast.Subscript) and _dotted(node.value) in _KEPT and (name := _constant(node.slice)):
            yield Lookup(name, node.lineno, True)


def _fields(node: ast.ClassDef) -> Iterator[Lookup]:
    prefix = ""
    for inner in ast.walk(node):
        named = inner.arg if isinstance(inner, ast.keyword) else _dotted(inner.targets[0]) if isinstance(inner, ast.Assign) else ""
        if named == "env_prefix" and isinstance(inner, ast.keyword | ast.Assign):
            prefix = _constant(inner.value)
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            words = item.value.keywords if isinstance(item.value, ast.Call) else []
            alias = next((_constant(word.value) for word in words if word.arg in ("env", "alias", "validation_alias")), "")
            default = _constant(item.value) if item.value is not None else ""
            yield Lookup((alias or f"{prefix}{item.target.id}").upper(), item.lineno, item.value is None, default)


def _nodes(text: str) -> Iterator[ast.AST]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in somebody else's strings are not our business
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from ast.walk(tree)


def _constant(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{_dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"
