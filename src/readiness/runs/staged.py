"""Services of a compose file, built and started in an engine for one run: with copies of what they mount, on closed networks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from readiness.errors import CannotJudge
from readiness.formats import startable
from readiness.formats.startable import Health, Mounted, Startable
from readiness.layers.infrastructure import causes, imaging
from readiness.layers.infrastructure.composed import System
from readiness.layers.infrastructure.ladder import Step
from readiness.sequence.finding import Cause
from readiness.world import beneath
from readiness.world import engine as engines
from readiness.world.engine import Engine
from readiness.world.session import Session

BUILD_S: Final = 1800
PULL_S: Final = 900
READY_MOST_S: Final = 300
COMPLETED: Final = "service_completed_successfully"
_KILLED: Final = (None, 125, 137, 143)


@dataclass
class Stage:
    """The services of one run. `images` and `addresses` are filled as they are built and started, by service.

    `listening` are ports of services without a health check, which whoever needs them waits for himself.
    """

    engine: Engine
    run: str
    session: Session
    system: System
    images: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, dict[str, str]] = field(default_factory=dict)
    listening: list[tuple[str, int]] = field(default_factory=list)
    _volumes: set[str] = field(default_factory=set)

    # images

    def image(self, service: Startable) -> Step:
        """Has the image of a service built or pulled."""
        if service.build is not None:
            return self._built(service)
        if not self.engine.has_image(service.image):
            said = self.engine.ask("pull", service.image, timeout_s=PULL_S)
            if not said.ok:
                reason = f"the image {service.image} of service `{service.name}` is not here and cannot be pulled ({said.last})"
                return Step(Cause.NETWORK, f"{reason}: `{self.engine.name} pull {service.image}`")
        self.images[service.name] = service.image
        return Step()

    def _built(self, service: Startable) -> Step:
        assert service.build is not None, "callers look whether it is built"
        path, build = self.system.dockerfile(service), service.build
        text = self.session.project.text(path)
        tree = self.session.tree("containers")
        beneath.write(tree, path, imaging.labelled(text, f"{engines.LABEL}={self.run}").encode())
        tag = f"localhost/readiness:{self.run}-{service.name}"  # the name of a run is none an image could have
        words = ["build", "--no-cache", "--label", f"{engines.LABEL}={self.run}", "-t", tag, "-f", str(tree / path)]
        words += ["--target", build.target] if build.target else []
        words += [word for name, value in build.args.items() for word in ("--build-arg", f"{name}={value}")]
        words += [word for flag, word in pairwise(service.options) if flag == "--platform" for word in (flag, word)]
        with self.session.progress(f"building the image of service {service.name}"):
            said = self.engine.ask(*words, str(tree / self.system.place(build.context)), timeout_s=BUILD_S)
        if said.code is None:
            return Step(Cause.TOOL, f"the image of service `{service.name}`: {said.last}")
        if not said.ok:
            found = imaging.trouble(f"{said.stdout}\n{said.stderr}", text)
            where = f"{path}:{found.line}: " if found.line else ""
            return Step(found.cause, f"the image of service `{service.name}` is not built: {where}{found.reason}")
        self.images[service.name] = tag
        return Step()

    def configured(self, service: Startable) -> dict[str, Any]:
        """What the image of a service says: its entrypoint, working folder, health check, ports."""
        return dict(self.engine.inspected("image", self.images[service.name]).get("Config") or {})

    # networks and containers

    def connect(self) -> None:
        """Makes the networks, each without a way out. Raises CannotJudge where the engine gives none."""
        for name in dict.fromkeys(name for service in self.system.all for name in service.networks):
            network = f"{self.run}-{name}"
            self.engine.must("network", "create", "--internal", "--label", f"{engines.LABEL}={self.run}", network)
            told = self.engine.inspected("network", network)
            if not (told.get("Internal") or told.get("internal")):
                raise CannotJudge("the engine made a network that leads out, where one without was asked for", f"{self.engine.name} info")

    def create(
        self,
        service: Startable,
        *,
        entrypoint: tuple[str, ...] | None,
        command: tuple[str, ...],
        env: Mapping[str, str],
        more: tuple[str, ...] = (),
    ) -> str:
        """The container of a service, created and not started, with copies of the project's files it mounts; its id."""
        networks = list(service.networks)
        words = ["create", "--name", f"{self.run}-{service.name}".lower(), "--label", f"{engines.LABEL}={self.run}"]
        words += ["--network", f"{self.run}-{networks[0]}"]
        words += [word for name in service.networks[networks[0]] for word in ("--network-alias", name)]
        words += [word for name, address in self._neighbours(service) for word in ("--add-host", f"{name}:{address}")]
        words += [word for name, value in {**service.environment, **env}.items() for word in ("-e", f"{name}={value}")]
        words += ["--workdir", service.working_dir] if service.working_dir else []
        words += [word for mount in service.mounts for word in self._mounted(service, mount)]
        words += ["--entrypoint", entrypoint[0] if entrypoint else ""] if entrypoint is not None else []
        rest = entrypoint[1:] if entrypoint else ()
        container = self.engine.must(*words, *service.options, *more, self.images[service.name], *rest, *command, timeout_s=300)
        container = container.splitlines()[-1]
        for name in networks[1:]:
            aliases = [word for alias in service.networks[name] for word in ("--alias", alias)]
            self.engine.must("network", "connect", *aliases, f"{self.run}-{name}", container)
        self._fill(service, container)
        return container

    def volume(self, name: str) -> str:
        """A volume of this run, made where it is not there yet."""
        full = f"{self.run}-{name}"
        if full not in self._volumes:
            self.engine.must("volume", "create", "--label", f"{engines.LABEL}={self.run}", full)
            self._volumes.add(full)
        return full

    def _neighbours(self, service: Startable) -> Iterator[tuple[str, str]]:
        """Names and addresses of services started before that share a network: not every engine answers names on a closed one."""
        for other in self.system.all:
            for network, address in self.addresses.get(other.name, {}).items():
                if network in service.networks and address:
                    yield from ((name, address) for name in other.networks[network])
                    break

    def _mounted(self, service: Startable, mount: Mounted) -> list[str]:
        if not mount.bind:
            source = f"{self.volume(mount.source)}:" if mount.source else ""
            return ["-v", f"{source}{mount.target}{':ro' if source and mount.read_only else ''}"]
        if self._is_file(mount):
            return []
        return ["-v", f"{self.volume(_key(service, mount))}:{mount.target}:nocopy"]

    def _is_file(self, mount: Mounted) -> bool:
        return self.system.place(mount.source) in self.session.project.paths

    def _fill(self, service: Startable, container: str) -> None:
        """Copies what a service mounts of the project into its container: nothing of this machine is mounted itself."""
        tree, paths = self.session.tree("containers"), self.session.project.entries
        folders = [item.target for item in service.mounts if not (item.bind and self._is_file(item))]
        for number, mount in enumerate(item for item in service.mounts if item.bind):
            place = self.system.place(mount.source)
            if self._is_file(mount):
                inside = max((target for target in folders if mount.target.startswith(f"{target}/")), key=len, default="/")
                items: list[tuple[str, bytes | Path | None, int]] = [(mount.target.removeprefix(inside).lstrip("/"), tree / place, 0o666)]
            else:
                inside, prefix = mount.target, "" if place == "." else f"{place}/"
                items = [(".", None, 0o777), *_copied(tree, [item.path for item in paths if item.path.startswith(prefix)], prefix)]
            target = self.session.sandbox.private / f"mount-{service.name}-{number}.tar"
            self.engine.put(container, inside, engines.archive(target, items))
            target.unlink()

    # what runs beside

    def start(self, service: Startable) -> Step:
        """Starts a service and waits until it is ready, as whoever needs it asks, or as its health check says."""
        container = self.create(service, entrypoint=service.entrypoint, command=service.command or (), env={})
        said = self.engine.ask("start", container)
        if not said.ok:
            return Step(Cause.TOOL, f"service `{service.name}` does not start: {said.last}")
        self.addresses[service.name] = self._addresses(container)
        if any(item.needs.get(service.name) == COMPLETED for item in self.system.all):
            return self._completed(service, container)
        return self._ready(service, container)

    def _addresses(self, container: str) -> dict[str, str]:
        told = self.engine.inspected("container", container)["NetworkSettings"].get("Networks") or {}
        return {str(name).removeprefix(f"{self.run}-"): str(item.get("IPAddress") or "") for name, item in told.items()}

    def _completed(self, service: Startable, container: str) -> Step:
        said = self.engine.ask("wait", container, timeout_s=READY_MOST_S)
        code = int(said.stdout.strip()) if said.ok and said.stdout.strip().isdigit() else None
        if code == 0:
            return Step()
        return self._ended(service, container, code)

    def _ended(self, service: Startable, container: str, code: int | None) -> Step:
        """Why a service is not running: put down to the project only where it is its own program that ended by itself."""
        logs = self.engine.ask("logs", container)
        said = f"{logs.stdout}\n{logs.stderr}".strip()
        told = causes.of_output(said)
        own = service.build is not None and code not in _KILLED
        how = "is still running" if code is None else f"ended with exit {code}"
        return Step(told.cause if own else Cause.TOOL, f"service `{service.name}` {how}: {told.reason}")

    def _ready(self, service: Startable, container: str) -> Step:
        configured = self.configured(service)
        health = service.health or _of_image(configured)
        if health is None or not health.command:
            ports = service.ports or tuple(int(port) for port in _exposed(configured))
            self.listening += [(service.name, port) for port in ports if set(service.networks) & set(self.system.service.networks)]
            time.sleep(0.5)
        deadline = time.monotonic() + min(health.patience_s if health else 0, READY_MOST_S)
        with self.session.progress(f"waiting for service {service.name}"):
            while True:
                state = self.engine.inspected("container", container)["State"]
                if not state.get("Running"):
                    code = int(state.get("ExitCode") or 0)
                    return self._ended(service, container, code) if code or (health and health.command) else Step()
                if health is None or not health.command:
                    return Step()
                said = self.engine.ask("exec", container, *health.command, timeout_s=health.timeout_s)
                if said.ok:
                    return Step()
                if time.monotonic() > deadline:
                    return Step(Cause.TOOL, f"service `{service.name}` did not become healthy in {health.patience_s:g} s: {said.last}")
                time.sleep(min(1.0, health.interval_s))


def _key(service: Startable, mount: Mounted) -> str:
    return f"{service.name}-{re.sub(r'[^A-Za-z0-9]+', '-', mount.target).strip('-')}-copy"


def _copied(tree: Path, paths: list[str], prefix: str) -> Iterator[tuple[str, bytes | Path | None, int]]:
    """What lies below a folder, folders first; a link is left out, for it may lead anywhere."""
    folders = sorted(
        {"/".join(parts[:length]) for path in paths for parts in [path[len(prefix) :].split("/")] for length in range(1, len(parts))}
    )
    yield from ((folder, None, 0o777) for folder in folders)
    for path in paths:
        place = tree / path
        if not place.is_symlink():
            yield path[len(prefix) :], place, 0o777 if place.stat().st_mode & 0o100 else 0o666


def _of_image(configured: Mapping[str, Any]) -> Health | None:
    told = configured.get("Healthcheck") or {}
    command = startable.health_command(tuple(str(word) for word in told.get("Test") or ()))
    if not command:
        return None
    spans = [float(told.get(key) or 0) / 1e9 for key in ("Interval", "Timeout", "StartPeriod")]
    return Health(command, spans[0] or 30, spans[1] or 30, int(told.get("Retries") or 3), spans[2])


def _exposed(configured: Mapping[str, Any]) -> list[str]:
    return [str(port).partition("/")[0] for port in configured.get("ExposedPorts") or {} if not str(port).endswith("/udp")]
