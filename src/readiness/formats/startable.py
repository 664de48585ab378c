"""A compose file as services that can be started one by one, and what of each is not done here, with its line.

Only what is known to be harmless and to mean the same on every engine is taken over. Every other key is a `Refusal`: what
reaches out of the containers (the host's folders, network, devices, privileges), and what is not understood.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from readiness.formats import compose

DEFAULT: Final = "default"
"""The network of a service that names none."""
_LEFT: Final = frozenset(
    {"restart", "container_name", "labels", "annotations", "logging", "stop_signal", "stop_grace_period", "pull_policy", "tty",
     "stdin_open", "mem_limit", "mem_reservation", "memswap_limit", "cpus", "cpu_shares", "pids_limit", "develop", "attach", "scale",
     "init", "ulimits", "oom_score_adj", "cpuset", "mem_swappiness"}
)  # fmt: skip
"""Keys that decide nothing about the result of a demo, so that they are left out."""
_TAKEN: Final = frozenset(
    {"image", "build", "command", "entrypoint", "environment", "env_file", "working_dir", "user", "depends_on", "healthcheck", "volumes",
     "tmpfs", "networks", "hostname", "shm_size", "read_only", "cap_drop", "profiles", "platform", "ports", "expose", "deploy",
     "privileged", "security_opt", "links"}
)  # fmt: skip
_BUILT: Final = frozenset({"context", "dockerfile", "target", "args"})
_BUILD_LEFT: Final = frozenset({"labels", "cache_from", "cache_to", "tags", "no_cache", "pull"})
_SPAN: Final = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_VARIABLE: Final = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\}|([A-Za-z_]\w*))")
"""A variable with what stands for it, which may hold another one."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a service asks for and is not done here: the line of the compose file, and why in one clause."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Build:
    """How an image is built: `context` relative to the compose file's folder, `dockerfile` relative to that."""

    context: str
    dockerfile: str = "Dockerfile"
    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mounted:
    """What a service has at `target`: a volume by its key (empty for one of its own), or a path of the project (`bind`)."""

    target: str
    source: str = ""
    bind: bool = False
    read_only: bool = False
    line: int = 1


@dataclass(frozen=True, slots=True)
class Health:
    """What says that a service is ready: a command run in its container, and how long it may take until it succeeds."""

    command: tuple[str, ...]
    interval_s: float = 30
    timeout_s: float = 30
    retries: int = 3
    start_s: float = 0

    @property
    def patience_s(self) -> float:
        """The seconds after which an engine would call it unhealthy."""
        return self.start_s + self.retries * (self.interval_s + self.timeout_s)


@dataclass(frozen=True, slots=True)
class Startable:
    """One service. `needs` maps services it waits for to the condition; `networks` maps networks to its names there.

    `command`, `entrypoint` and `health` are None where the image decides; `health` of an empty command says there is none.
    `options` are words for the engine; `hidden` are folders in memory, of which nothing can be read afterwards.
    """

    name: str
    line: int
    image: str = ""
    build: Build | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[tuple[str, bool, int], ...] = ()
    """Path, whether it has to be there, line."""
    working_dir: str = ""
    needs: Mapping[str, str] = field(default_factory=dict)
    health: Health | None = None
    mounts: tuple[Mounted, ...] = ()
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    options: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    optional: bool = False
    refusals: tuple[Refusal, ...] = ()


def parse(text: str, values: Mapping[str, str]) -> dict[str, Startable]:
    """The services of a compose file by name, its variables filled from `values`. Raises ValueError with a line where it is none."""
    root = compose.read(text)
    try:
        whole = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ValueError("line 1: holds a value that cannot be read") from None
    told = whole if isinstance(whole, dict) else {}
    services = told.get("services")
    if not isinstance(services, dict) or not services:
        raise ValueError("line 1: names no services")
    reached_out = _not_its_own(told, root)
    whole_refusals = [Refusal(compose.line_of(root, key), f"`{key}` is not followed here") for key in ("include", "extends") if key in told]
    found = {}
    for name, item in services.items():
        reader = _Reader(root, ("services", str(name)), item if isinstance(item, dict) else {}, values)
        reader.refusals += whole_refusals
        found[str(name)] = reader.service(str(name), reached_out)
    return found


def _not_its_own(told: dict[Any, Any], root: Any) -> dict[tuple[str, str], Refusal]:
    """Networks and volumes that somebody else makes, or that lie elsewhere."""
    found = {}
    for kind in ("networks", "volumes"):
        table = told.get(kind)
        for key, item in table.items() if isinstance(table, dict) else ():
            if isinstance(item, dict) and (
                item.get("external") or item.get("driver_opts") or item.get("driver") not in (None, "bridge", "local")
            ):
                line = compose.line_of(root, kind, str(key))
                found[kind, str(key)] = Refusal(line, f"the {kind[:-1]} `{key}` lies outside of this compose project")
    return found


class _Reader:
    """Reads one service; what it does not take over is noted as a refusal."""

    def __init__(self, root: Any, at: tuple[str | int, ...], told: dict[Any, Any], values: Mapping[str, str]) -> None:
        self._root, self._at, self._values = root, at, values
        self._told = told
        self.refusals: list[Refusal] = []

    def service(self, name: str, reached_out: Mapping[tuple[str, str], Refusal]) -> Startable:
        """The service, with every refusal of it."""
        told = self._told
        self._unknown(told, _TAKEN | _LEFT, ())
        self._harmless()
        mounts = tuple(found for number, item in enumerate(_list(told.get("volumes"))) if (found := self._mount(item, number)) is not None)
        networks = self._networks(name)
        self.refusals += [reached_out["networks", key] for key in networks if ("networks", key) in reached_out]
        self.refusals += [reached_out["volumes", m.source] for m in mounts if not m.bind and ("volumes", m.source) in reached_out]
        hidden = tuple(self._text(item, "tmpfs").partition(":")[0] for item in _list(told.get("tmpfs")))
        return Startable(
            name,
            self._line(),
            self._text(told.get("image"), "image"),
            self._build() if told.get("build") is not None else None,
            self._words("command"),
            self._words("entrypoint"),
            self._environment(),
            tuple(self._env_files()),
            self._text(told.get("working_dir"), "working_dir"),
            self._needs(),
            self._health(),
            tuple(item for item in mounts if item.target not in hidden),
            networks,
            tuple(self._ports()),
            (*self._options(), *(word for path in hidden for word in ("--tmpfs", path))),
            hidden,
            bool(told.get("profiles")),
            tuple(dict.fromkeys(self.refusals)),
        )

    def _line(self, *keys: str | int) -> int:
        return compose.line_of(self._root, *self._at, *keys)

    def _refuse(self, text: str, *keys: str | int) -> None:
        self.refusals.append(Refusal(self._line(*keys), text))

    def _unknown(self, table: Mapping[Any, Any], known: frozenset[str], keys: tuple[str, ...]) -> None:
        for key in table:
            if str(key) not in known and not str(key).startswith("x-"):
                named = ".".join((*keys, str(key)))
                self._refuse(f"`{named}` is not done here", *keys, str(key))

    def _harmless(self) -> None:
        """Keys of which one value changes nothing and another reaches out."""
        if self._told.get("privileged"):
            self._refuse("`privileged` would reach out of the container", "privileged")
        for number, item in enumerate(_list(self._told.get("security_opt"))):
            if not re.fullmatch(r"no-new-privileges(?:[:=]true)?", str(item)):
                self._refuse(f"`security_opt: {item}` is not done here", "security_opt", number)
        for number, item in enumerate(_list(self._told.get("links"))):
            if ":" in str(item):
                self._refuse(f"`links: {item}` gives a service another name, which is not done here", "links", number)
        reserved = _table(_table(_table(self._told.get("deploy")).get("resources")).get("reservations"))
        if reserved.get("devices"):
            self._refuse("devices of this machine are not given to a container here", "deploy")

    def _text(self, value: Any, *keys: str | int) -> str:
        """A value with its variables filled; one that has none is refused."""
        if value is None:
            return ""
        text = str(value).lower() if isinstance(value, bool) else str(value)

        def fill(found: re.Match[str]) -> str:
            if found[1]:
                return "$"
            name, how, other = found[2] or found[5], found[3] or "", found[4] or ""
            value = self._values.get(name)
            if how.endswith("+"):
                return self._text(other, *keys) if value or (value is not None and how == "+") else ""
            if value or (value is not None and how == "-"):
                return value
            if how.endswith("-"):
                return self._text(other, *keys)
            self._refuse(f"`{name}` is given no value by an example environment file or by env of [demo]", *keys)
            return ""

        return _VARIABLE.sub(fill, text)

    def _words(self, key: str) -> tuple[str, ...] | None:
        value = self._told.get(key)
        if value is None:
            return None
        if isinstance(value, list):
            return tuple(self._text(item, key) for item in value)
        try:
            return tuple(shlex.split(self._text(value, key)))
        except ValueError:
            self._refuse(f"`{key}` is no line a shell could split", key)
            return ()

    def _build(self) -> Build:
        value = self._told["build"]
        if not isinstance(value, dict):
            return Build(self._text(value, "build"))
        self._unknown(value, _BUILT | _BUILD_LEFT, ("build",))
        args = self._pairs(value.get("args"), "build", "args")
        return Build(
            self._text(value.get("context", "."), "build", "context"),
            self._text(value.get("dockerfile"), "build", "dockerfile") or "Dockerfile",
            self._text(value.get("target"), "build", "target"),
            args,
        )

    def _environment(self) -> dict[str, str]:
        return self._pairs(self._told.get("environment"), "environment")

    def _pairs(self, value: Any, *keys: str) -> dict[str, str]:
        """Names with their values; one without takes that of whoever starts the services, and is left out where there is none."""
        items: list[tuple[str, Any, str | int]] = []
        if isinstance(value, dict):
            items = [(str(name), item, str(name)) for name, item in value.items()]
        for number, item in enumerate(_list(value) if not isinstance(value, dict) else ()):
            name, given, text = str(item).partition("=")
            items.append((name, text if given else None, number))
        found = {name: self._values.get(name) if item is None else self._text(item, *keys, at) for name, item, at in items}
        return {name: item for name, item in found.items() if item is not None}

    def _env_files(self) -> list[tuple[str, bool, int]]:
        found = []
        for number, item in enumerate(_list(self._told.get("env_file"))):
            table = _table(item)
            path = self._text(table.get("path") if table else item, "env_file", number)
            found.append((path, bool(table.get("required", True)), self._line("env_file", number)))
        return found

    def _needs(self) -> dict[str, str]:
        value = self._told.get("depends_on")
        if isinstance(value, dict):
            told = {str(name): _table(item) for name, item in value.items()}
            return {name: str(item.get("condition") or "service_started") for name, item in told.items() if item.get("required", True)}
        return {str(name): "service_started" for name in _list(value)}

    def _health(self) -> Health | None:
        told = _table(self._told.get("healthcheck"))
        if not told:
            return None
        test = told.get("test")
        if told.get("disable") or test == ["NONE"]:
            return Health(())
        if test is None:
            return None  # the image's, whose times are changed
        words = tuple(self._text(item, "healthcheck", "test") for item in _list(test))
        command = health_command(words) if isinstance(test, list) else ("/bin/sh", "-c", words[0])
        spans = [self._span(told.get(key), default, key) for key, default in (("interval", 30), ("timeout", 30), ("start_period", 0))]
        retries = str(told.get("retries", 3))
        return Health(command, spans[0], spans[1], int(retries) if retries.isdigit() else 3, spans[2])

    def _span(self, value: Any, default: float, key: str) -> float:
        if value is None:
            return default
        found = _SPAN.fullmatch(self._text(value, "healthcheck", key).replace(" ", ""))
        if found is None or not any(found.groups()):
            self._refuse(f"`healthcheck.{key}` is no span of time", "healthcheck", key)
            return default
        return sum(float(part or 0) * unit for part, unit in zip(found.groups(), (3600, 60, 1, 0.001), strict=True))

    def _mount(self, item: Any, number: int) -> Mounted | None:
        line = self._line("volumes", number)
        if isinstance(item, dict):
            return self._long_mount(_table(item), number, line)
        words = re.split(r":(?![\\])", self._text(item, "volumes", number))
        source, target = (words[0], words[1]) if len(words) > 1 else ("", words[0])
        modes = words[2].split(",") if len(words) > 2 else []
        return self._checked(Mounted(target, source, _is_path(source), "ro" in modes, line), number)

    def _long_mount(self, told: dict[str, Any], number: int, line: int) -> Mounted | None:
        kind, source = str(told.get("type") or ""), self._text(told.get("source"), "volumes", number)
        target = self._text(told.get("target"), "volumes", number)
        if kind not in ("bind", "volume") or told.get("volume", {}) not in ({}, None, {"nocopy": False}):
            self._refuse(f"a mount of the type `{kind}` is not done here", "volumes", number)
            return None
        return self._checked(Mounted(target, source, kind == "bind", bool(told.get("read_only")), line), number)

    def _checked(self, found: Mounted, number: int) -> Mounted | None:
        if found.bind and not found.source.startswith("."):
            self._refuse(f"`{found.source}` of this machine would be mounted", "volumes", number)
            return None
        if not found.target.startswith("/"):
            self._refuse(f"`{found.target}` is no place in a container", "volumes", number)
            return None
        return found

    def _networks(self, name: str) -> dict[str, tuple[str, ...]]:
        value = self._told.get("networks")
        names = tuple(dict.fromkeys((name, *(str(self._told[key]) for key in ("container_name", "hostname") if self._told.get(key)))))
        if isinstance(value, dict):
            return {str(key): (*names, *(str(alias) for alias in _list(_table(item).get("aliases")))) for key, item in value.items()}
        return {str(key): names for key in _list(value) or [DEFAULT]}

    def _ports(self) -> list[int]:
        """The ports it listens on inside; none is published."""
        found = []
        for key in ("expose", "ports"):
            for number, item in enumerate(_list(self._told.get(key))):
                text = str(_table(item).get("target") or "") if isinstance(item, dict) else self._text(item, key, number)
                port = text.partition("/")[0].rpartition(":")[2]
                found += [int(port)] if port.isdigit() and not text.endswith("/udp") else []
        return found

    def _options(self) -> list[str]:
        flags: list[tuple[str, Callable[[Any], list[str]]]] = [
            ("hostname", lambda value: ["--hostname", self._text(value, "hostname")]),
            ("user", lambda value: ["--user", self._text(value, "user")]),
            ("shm_size", lambda value: ["--shm-size", self._text(value, "shm_size")]),
            ("platform", lambda value: ["--platform", self._text(value, "platform")]),
            ("read_only", lambda value: ["--read-only"] if value else []),
            ("cap_drop", lambda value: [word for item in _list(value) for word in ("--cap-drop", str(item))]),
        ]
        return [word for key, words in flags if self._told.get(key) is not None for word in words(self._told[key])]


def health_command(test: tuple[str, ...]) -> tuple[str, ...]:
    """The command of a health check as engines write it: `CMD …`, `CMD-SHELL …` or `NONE`."""
    if not test or test[0] == "NONE":
        return ()
    if test[0] == "CMD-SHELL":
        return ("/bin/sh", "-c", " ".join(test[1:]))
    return test[1:] if test[0] == "CMD" else test


def _is_path(source: str) -> bool:
    return source.startswith((".", "/", "~", "\\")) or "/" in source


def _table(value: Any) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
