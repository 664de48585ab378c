"""Compose files: the images services run or build, and the variables they are given, with lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Service:
    """One service: `image` is empty where none is named, `builds` says that it is built here, from the Dockerfile
    `dockerfile` in the folder `context`. `values` are the variables that are given a value, as it is written.
    """

    name: str
    image: str
    image_line: int
    builds: bool
    variables: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    context: str = ""
    dockerfile: str = ""


def parse(text: str) -> tuple[Service, ...]:
    """The services of a compose file. Raises ValueError with a line where it is no YAML of that shape."""
    services = _get(read(text), "services")
    if not isinstance(services, yaml.MappingNode):
        return ()
    return tuple(_service(key.value, node) for key, node in services.value if isinstance(node, yaml.MappingNode))


def read(text: str) -> Any:  # a YAML node, or None for an empty text
    """The root of a compose file, with lines. Raises ValueError with a line where it is no YAML."""
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ValueError(f"line {mark.line + 1 if mark else 1}: is no valid YAML") from None


def line_of(node: Any, *keys: str | int) -> int:  # a YAML node or None, of any kind
    """The 1-based line of what lies under these keys (numbers for items of a list), of the last of them that is there."""
    for key in keys:
        inner = _get(node, key)
        if inner is None:
            break
        node = inner
    return node.start_mark.line + 1 if node is not None else 1


def _service(name: str, node: yaml.MappingNode) -> Service:
    image = _get(node, "image")
    text = image.value if isinstance(image, yaml.ScalarNode) else ""
    line = image.start_mark.line + 1 if image is not None else node.start_mark.line + 1
    build, given = _get(node, "build"), dict(_given(_get(node, "environment")))
    values = {name: value for name, value in given.items() if value is not None}
    context = build if isinstance(build, yaml.ScalarNode) else _get(build, "context")
    return Service(name, text, line, build is not None, tuple(given), values, _scalar(context), _scalar(_get(build, "dockerfile")))


def _scalar(node: Any) -> str:  # a YAML node or None, of any kind
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _given(node: Any) -> Iterator[tuple[str, str | None]]:  # a YAML node or None, of any kind
    """Names with their values, None where the value is left to whoever starts the services; the last of a name counts."""
    if isinstance(node, yaml.MappingNode):
        for part in _merged(node):
            yield from _given(part)
        for key, value in node.value:
            if key.value != "<<":
                yield str(key.value), _scalar(value) or None
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            name, _, text = _scalar(item).partition("=")
            if name:
                yield name, text or None


def _get(node: Any, key: str | int) -> Any:  # a YAML node or None, of any kind
    if isinstance(key, int):
        return node.value[key] if isinstance(node, yaml.SequenceNode) and key < len(node.value) else None
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
