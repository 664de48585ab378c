"""A compose file as one system: how many containers it starts, and what of each lies outside of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from readiness.formats import compose
from readiness.formats.compose import Service

_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_]\w*)")
_HOST_WIDE: Final = ("pid", "ipc", "uts", "userns_mode", "cgroup")
_SUBSTITUTED: Final = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?(?:-([^}]*)|[?+][^}]*))?\}|([A-Za-z_]\w*))")
DEFAULT: Final = "default"
"""The network a service is on that names none: its project's own."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A network, volume or secret that the file declares: `name` as others would call it, empty where it is the project's own.

    `external` says that somebody else makes it; `source` is the file or device it is kept in, where one is named.
    """

    key: str
    line: int
    external: bool = False
    name: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """What a service mounts: a volume by its key, or a folder of the host (`bind`) as it is written."""

    source: str
    line: int
    bind: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One service with what it touches. `copies` is None where a variable decides how many run.

    `asks` are the names of variables that whoever starts it must set; `hosts` the host's own spaces it runs in.
    """

    service: Service
    line: int
    copies: int | None = 1
    optional: bool = False
    networks: tuple[str, ...] = (DEFAULT,)
    network_mode: str = ""
    hosts: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    taken_from: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    asks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Composition:
    """Everything one compose file starts; `includes` are the other files it says belong to it."""

    parts: tuple[Part, ...] = ()
    networks: tuple[Thing, ...] = ()
    volumes: tuple[Thing, ...] = ()
    secrets: tuple[Thing, ...] = ()
    includes: tuple[str, ...] = ()

    def thing(self, kind: str, key: str) -> Thing | None:
        """A declared network, volume or secret (`kind` is the field's name) by its key."""
        found: tuple[Thing, ...] = getattr(self, kind)
        return next((item for item in found if item.key == key), None)


def parse(text: str) -> Composition:
    """Reads a compose file. Raises ValueError with a line where it is no YAML of that shape."""
    root = compose.read(text)
    services = {item.name: item for item in compose.parse(text)}
    try:
        whole = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ValueError("line 1: holds a value that cannot be read") from None
    whole = whole if isinstance(whole, dict) else {}
    told = _table(whole.get("services"))
    parts = tuple(_part(services[name], _table(told.get(name)), root) for name in services)
    kinds = {kind: tuple(_thing(key, value, root, kind) for key, value in _table(whole.get(kind)).items()) for kind in _KINDS}
    includes = tuple(path for item in _list(whole.get("include")) for path in _included(item))
    return Composition(parts, kinds["networks"], kinds["volumes"], kinds["secrets"], includes)


_KINDS: Final = ("networks", "volumes", "secrets")


def _part(service: Service, told: dict[str, Any], root: Any) -> Part:
    line = compose.line_of(root, "services", service.name)
    networks = told.get("networks")
    return Part(
        service,
        line,
        _copies(told),
        bool(told.get("profiles")),
        tuple(_names(networks)) or (DEFAULT,),
        str(told.get("network_mode") or ""),
        tuple(key for key in _HOST_WIDE if told.get(key) == "host"),
        tuple(_mount(item, compose.line_of(root, "services", service.name, "volumes")) for item in _list(told.get("volumes"))),
        tuple(str(item).removeprefix("container:").partition(":")[0] for item in _list(told.get("volumes_from"))),
        tuple(str(item.get("path", "") if isinstance(item, dict) else item) for item in _list(told.get("env_file"))),
        tuple(str(item.get("source", "") if isinstance(item, dict) else item) for item in _list(told.get("secrets"))),
        _asked(service),
    )


def _copies(told: dict[str, Any]) -> int | None:
    """How many containers of a service run: `scale`, else `deploy.replicas`, else one."""
    deploy = _table(told.get("deploy"))
    stated = told.get("scale", deploy.get("replicas", 1))
    try:
        return max(int(str(stated)), 0)
    except ValueError:
        return None


def _asked(service: Service) -> frozenset[str]:
    inside = {name for value in service.values.values() for name in _VARIABLE.findall(value)}
    return frozenset(inside | {name for name in service.variables if name not in service.values})


def _mount(item: Any, line: int) -> Mount:
    if isinstance(item, dict):
        source = str(item.get("source") or "")
        return Mount(source, line, item.get("type") == "bind" or _is_path(source))
    text = str(item)
    source = re.split(r":(?=[/\\]|[A-Za-z]:)", text, maxsplit=1)[0] if ":" in text else ""
    return Mount(source, line, _is_path(source))


def _is_path(source: str) -> bool:
    return source.startswith((".", "/", "~", "$"))


def _thing(key: str, value: Any, root: Any, kind: str) -> Thing:
    told = _table(value)
    external = told.get("external")
    inner = str(_table(external).get("name") or "")
    source = str(told.get("file") or _table(told.get("driver_opts")).get("device") or "")
    return Thing(key, compose.line_of(root, kind, key), bool(external), str(told.get("name") or inner), source)


def _included(item: Any) -> list[str]:
    if isinstance(item, dict):
        return [str(path) for path in _list(item.get("path"))]
    return [str(item)]


def _names(value: Any) -> list[str]:
    return [str(name) for name in value] if isinstance(value, dict | list) else []


def _table(value: Any) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


_NAME: Final = re.compile(r"(?:docker-)?compose((?:[.-][\w-]+)*)\.ya?ml")


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its variables as `values`, else their defaults, fill them; what neither fills stays as `${NAME}`."""
    return _SUBSTITUTED.sub(lambda found: values.get(found[1] or found[3]) or found[2] or f"${{{found[1] or found[3]}}}", text)


def unfilled(text: str) -> str:
    """The first variable that a text still holds; empty where there is none."""
    found = _VARIABLE.search(text)
    return found[1] if found else ""


def variant(name: str) -> str | None:
    """Which compose file a name is: empty for the one that is always read, `.override`, `.prod` …; None where it is none."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None
