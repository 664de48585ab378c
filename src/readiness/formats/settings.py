"""Files of settings as flat maps: dotted key → value as text, for TOML, YAML, JSON, INI, properties and `.env` files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

LARGEST: Final = 1 << 20
"""Characters of the longest text that is read key by key."""
_MOST_KEYS: Final = 20_000
_DEEPEST: Final = 60
_LIKE_OTHERS: Final = re.compile(r"[+-]?(?:\d[\d_]*)?\.?\d*(?:e[+-]?\d+)?|true|false|null|none|yes|no|on|off|~|", re.IGNORECASE)
_PAIR: Final = re.compile(r"\s*(?:export\s+)?(?P<name>[\w.\-/]+)\s*[=:]\s*(?P<value>.*?)\s*")
_KINDS: Final = {
    ".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".ini": "ini", ".cfg": "ini", ".conf": "ini",
    ".properties": "pairs", ".env": "pairs", ".tfvars": "pairs", ".lock": "toml",
}  # fmt: skip


def kind_of(path: str) -> str:
    """Which of these formats a file is in by its name; empty where it is none."""
    name = path.rpartition("/")[2].lower()
    if name == ".env" or name.startswith(".env.") or name.endswith(".env"):
        return "pairs"
    if name == "pipfile":
        return "toml"
    return _KINDS.get(name[name.rfind(".") :] if "." in name else "", "")


def flat(kind: str, text: str) -> dict[str, str]:
    """Every value by its dotted key. A text that could be read as a number or a switch is in quotes.

    Raises ValueError, which says why, where the text is not what its name says, or is too large.
    """
    if len(text) > LARGEST:
        raise ValueError("is too large to be read key by key")
    found: dict[str, str] = {}
    try:
        for key, value in _READERS[kind](text.lstrip("\ufeff")):
            found[key] = value
            if len(found) > _MOST_KEYS:
                raise ValueError("has too many keys")
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    return found


def _toml(text: str) -> Iterator[tuple[str, str]]:
    import tomllib

    return _walk(tomllib.loads(text))


def _json(text: str) -> Iterator[tuple[str, str]]:
    return _walk(json.loads(text))


def _walk(value: Any, at: str = "") -> Iterator[tuple[str, str]]:  # whatever TOML and JSON hold
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _walk(inner, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{at}[{index}]")
    else:
        yield at or ".", _text(value)


def _text(value: Any) -> str:  # a scalar of TOML or JSON, or an empty container
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if _LIKE_OTHERS.fullmatch(value) else value
    if isinstance(value, bool) or value is None or isinstance(value, Mapping | Sequence):
        return json.dumps(value)
    return repr(value) if isinstance(value, float) else str(value)


def _yaml(text: str) -> Iterator[tuple[str, str]]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same loader, in C where it was built
    try:
        nodes = list(yaml.compose_all(text, Loader=loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ValueError(f"is no valid YAML (line {mark.line + 1 if mark else 1})") from None
    for index, node in enumerate(node for node in nodes if node is not None):
        yield from _nodes(node, f"[{index}]" if len(nodes) > 1 else "", 0)


def _nodes(node: Any, at: str, depth: int) -> Iterator[tuple[str, str]]:  # a node of YAML: tags of its own do not matter
    import yaml

    if depth > _DEEPEST:
        raise ValueError("is nested too deeply")
    if isinstance(node, yaml.MappingNode) and node.value:
        for key, inner in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            yield from _nodes(inner, f"{at}.{name}" if at else name, depth + 1)
    elif isinstance(node, yaml.SequenceNode) and node.value:
        for index, inner in enumerate(node.value):
            yield from _nodes(inner, f"{at}[{index}]", depth + 1)
    elif isinstance(node, yaml.ScalarNode):
        quoted = node.style in ("'", '"') and _LIKE_OTHERS.fullmatch(node.value)
        yield at or ".", json.dumps(node.value, ensure_ascii=False) if quoted else node.value
    else:
        yield at or ".", "{}" if isinstance(node, yaml.MappingNode) else "[]"


def _ini(text: str) -> Iterator[tuple[str, str]]:
    import configparser

    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # names keep their case
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError:
        return _pairs(text)
    except configparser.Error as error:
        raise ValueError(f"is no INI file: {str(error).splitlines()[0]}") from None
    own = [(name, value or "") for name, value in parser.defaults().items()]
    sections = [
        (f"{part}.{name}", value or "") for part in parser.sections() for name, value in parser.items(part) if name not in parser.defaults()
    ]
    return iter([*own, *sections])


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", ";", "!", "//")):
            continue
        found = _PAIR.fullmatch(line)
        if found is None:  # passed by, it would be a change that nobody sees
            raise ValueError(f"line {number} is no setting")
        value = found["value"]
        yield found["name"], value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


_READERS: Final = {"toml": _toml, "yaml": _yaml, "json": _json, "ini": _ini, "pairs": _pairs}
