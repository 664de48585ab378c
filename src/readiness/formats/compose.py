"""Compose files: the images services run, and the variables they are given, with lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Service:
    """One service: `image` is empty where it is built here; `variables` are names only."""

    name: str
    image: str
    image_line: int
    builds: bool
    variables: tuple[str, ...] = ()


def parse(text: str) -> tuple[Service, ...]:
    """The services of a compose file. Raises ValueError with a line where it is no YAML of that shape."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ValueError(f"line {mark.line + 1 if mark else 1}: is no valid YAML") from None
    services = _get(root, "services")
    if not isinstance(services, yaml.MappingNode):
        return ()
    return tuple(_service(key.value, node) for key, node in services.value if isinstance(node, yaml.MappingNode))


def _service(name: str, node: yaml.MappingNode) -> Service:
    image = _get(node, "image")
    text = image.value if isinstance(image, yaml.ScalarNode) else ""
    line = image.start_mark.line + 1 if image is not None else node.start_mark.line + 1
    return Service(name, text, line, _get(node, "build") is not None, tuple(_names(_get(node, "environment"))))


def _names(node: Any) -> list[str]:  # a YAML node or None, of any kind
    if isinstance(node, yaml.MappingNode):
        own = [key.value for key, _ in node.value if key.value != "<<"]
        return [*own, *(name for part in _merged(node) for name in _names(part))]
    if isinstance(node, yaml.SequenceNode):
        return [str(item.value).partition("=")[0] for item in node.value if isinstance(item, yaml.ScalarNode)]
    return []


def _get(node: Any, key: str) -> Any:  # a YAML node or None, of any kind
    if not isinstance(node, yaml.MappingNode):
        return None
    own = next((value for name, value in node.value if name.value == key), None)
    return own if own is not None else next((found for part in _merged(node) if (found := _get(part, key)) is not None), None)


def _merged(node: yaml.MappingNode) -> list[Any]:
    """The mappings that a node merges into itself by `<<`, in order of precedence."""
    found: list[Any] = []
    for name, value in node.value:
        if name.value == "<<":
            found += value.value if isinstance(value, yaml.SequenceNode) else [value]
    return found
