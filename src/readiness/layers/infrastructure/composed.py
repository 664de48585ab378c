"""What of a compose file is started to run the demo in containers: the service it runs in, and what runs beside it.

The demo's service is the one that `[demo] service` names, else the only one that is built from the project. Beside it run
the services it waits for, and those that compose starts anyway; of the latter one that cannot be started here is told, not
fatal. Nothing is started here: this reads.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from readiness.config.manifest import Demo
from readiness.errors import CannotJudge
from readiness.formats import dotenv, startable
from readiness.formats.startable import Startable
from readiness.layers.infrastructure import declarations
from readiness.sequence.wording import listed
from readiness.world import demo as demos
from readiness.world.project import Project

NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""The names an engine looks for, in its order."""


_SECRET: Final = re.compile(r"(?:PASSWORD|PASSWD|PASS|SECRET|TOKEN|KEY)(?:_|$)")


@dataclass(frozen=True, slots=True)
class System:
    """The compose file, the demo's service, and the services beside it in the order they are started.

    `absent` are services that compose would start and this does not, with the reason; `folder` is where the file lies.
    """

    file: str
    service: Startable
    beside: tuple[Startable, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()

    @property
    def folder(self) -> str:
        """The folder of the compose file in the project, `.` for its root."""
        return posixpath.dirname(self.file) or "."

    @property
    def all(self) -> tuple[Startable, ...]:
        """Every service that is started, the demo's last."""
        return (*self.beside, self.service)

    def place(self, path: str) -> str:
        """A path of the compose file as the project names it, `.` for its root."""
        return posixpath.normpath(posixpath.join(self.folder, path))

    def dockerfile(self, service: Startable) -> str:
        """The Dockerfile a service is built from."""
        assert service.build is not None, "callers look whether it is built"
        return posixpath.normpath(posixpath.join(self.place(service.build.context), service.build.dockerfile))


def file_of(project: Project) -> str:
    """The project's compose file; empty where it has none. Raises CannotJudge where several could be meant."""
    root = next((name for name in NAMES if name in project.paths), "")
    if root:
        return root
    below = [path for path in declarations.compose_files(project) if posixpath.basename(path) in NAMES]
    if len({posixpath.dirname(path) for path in below}) > 1:
        raise CannotJudge(f"which compose file starts the system is not said: {listed(below)}; one at the root of the project would tell")
    return min(below, key=lambda path: NAMES.index(posixpath.basename(path)), default="")


def system(project: Project, demo: Demo) -> System:
    """What is to be started. Raises CannotJudge naming the line of what cannot be, or what would tell which service is meant."""
    file = file_of(project)
    try:
        services = startable.parse(project.text(file), values(project, demo, file))
    except ValueError as error:
        raise CannotJudge(f"{file}: {error}") from None
    services = {name: _with_files(project, file, item) for name, item in services.items()}
    found = System(file, _demos(project, demo, file, services))
    for service in services.values():
        for refusal in _beyond(project, found, service):
            services[service.name] = replace(services[service.name], refusals=(*services[service.name].refusals, refusal))
    needed = list(_needed(services, found.service.name, file))
    _allowed(file, [services[name] for name in needed])
    others = [item for item in services.values() if _anyway(services, item, found.service.name) and item.name not in needed]
    absent = {item.name: f"{file}:{item.refusals[0].line}: {item.refusals[0].text}" for item in others if item.refusals}
    absent |= {item.name: text for item in others for _, text in _sharing(item, services.values())}
    order = dict.fromkeys([*needed, *(name for item in others for name in _needed(services, item.name, file))])
    absent |= {name: "" for name in order if name not in needed and services[name].refusals and name not in absent}
    beside = tuple(services[name] for name in order if name != found.service.name and name not in absent)
    return System(file, services[found.service.name], beside, absent, frozenset(needed))


def values(project: Project, demo: Demo, file: str) -> dict[str, str]:
    """What fills the variables of a compose file: env of [demo], what stands for secrets, and files that are committed.

    A secret that an example environment file names without a value is given what stands for one: everything is made anew.
    """
    found: dict[str, str] = {}
    for path in declarations.example_files(project):
        found = dotenv.parse(project.text(path)) | found
    found |= {name: demos.canary(name) for name, value in found.items() if not value and _SECRET.search(name)}
    own = posixpath.normpath(posixpath.join(posixpath.dirname(file), ".env"))
    return found | dotenv.parse(_active(project.text(own))) | demos.canaries(demo) | dict(demo.env)


def _active(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _with_files(project: Project, file: str, service: Startable) -> Startable:
    """A service with the variables of its files; of one that is not committed, the example beside it counts."""
    found: dict[str, str] = {}
    refusals = list(service.refusals)
    for path, required, line in service.env_files:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
        examples = [f"{place}{ending}" for ending in (".example", ".sample", ".template", ".dist")]
        text = next((project.text(name) for name in (place, *examples) if name in project.paths), None)
        if text is None and required:
            refusals.append(startable.Refusal(line, f"`{path}` is no file of the project, and no `{path}.example` stands for it"))
        found |= dotenv.parse(_active(text or ""))
    return replace(service, environment=found | dict(service.environment), refusals=tuple(refusals))


def _demos(project: Project, demo: Demo, file: str, services: Mapping[str, Startable]) -> Startable:
    """The service the demo runs in."""
    if demo.service:
        if demo.service not in services:
            raise CannotJudge(f"[demo] service names `{demo.service}`, and {file} has {listed(services)}")
        return services[demo.service]
    probe = System(file, next(iter(services.values())))
    built = [item for item in services.values() if item.build is not None and probe.dockerfile(item) in project.paths]
    if len(built) == 1:
        return built[0]
    if not built:
        raise CannotJudge(
            f'{file} builds no service from this project; [demo] service = "NAME" in readiness.toml would tell which is meant'
        )
    names = listed(item.name for item in built)
    raise CannotJudge(f'{names} of {file} are built from this project; [demo] service = "{built[0].name}" in readiness.toml would tell')


def _needed(services: Mapping[str, Startable], name: str, file: str, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The services one waits for, and itself, in the order they are started."""
    if name in path:
        raise CannotJudge(f"{file}:{services[name].line}: `{name}` waits for itself")
    for needed in services[name].needs:
        if needed not in services:
            raise CannotJudge(f"{file}:{services[name].line}: `{name}` waits for `{needed}`, which is no service")
        yield from _needed(services, needed, file, (*path, name))
    yield name


def _anyway(services: Mapping[str, Startable], item: Startable, name: str) -> bool:
    """Whether compose starts a service whatever is asked for, and it does not wait for the demo's itself."""
    if item.optional or item.name == name:
        return False
    seen, left = set(), [item.name]
    while left:
        one = left.pop()
        if one == name:
            return False
        if one not in seen and one in services:
            seen.add(one)
            left += services[one].needs
    return True


def _beyond(project: Project, found: System, service: Startable) -> Iterator[startable.Refusal]:
    """What of a service lies outside the project, or cannot be shared by copies."""
    if service.build is not None and found.dockerfile(service) not in project.paths:
        yield startable.Refusal(service.line, f"`{found.dockerfile(service)}` is no file of the project")
    elif service.build is None and not service.image:
        yield startable.Refusal(service.line, "names neither an image nor how one is built")
    for mount in service.mounts:
        if mount.bind and found.place(mount.source).startswith(".."):
            yield startable.Refusal(mount.line, f"`{mount.source}` lies outside of the project")


def _allowed(file: str, services: list[Startable]) -> None:
    for item in services:
        if item.refusals:
            raise CannotJudge(f"{file}:{item.refusals[0].line}: service `{item.name}`: {item.refusals[0].text}")
    for line, text in (told for item in services for told in _sharing(item, services)):
        raise CannotJudge(f"{file}:{line}: {text}")


def _sharing(item: Startable, services: Iterable[Startable]) -> Iterator[tuple[int, str]]:
    """Folders of the project that a service and another one mount, and not both only read: each gets a copy of its own."""
    for mount in item.mounts:
        for other in services:
            for its in other.mounts if other.name != item.name else ():
                if mount.bind and its.bind and mount.source == its.source and not (mount.read_only and its.read_only):
                    yield mount.line, f"`{item.name}` and `{other.name}` would share `{mount.source}`, and each gets a copy here"


def unlike_the_demo(demo: Demo, service: Startable, file: str) -> str:
    """Why a demo cannot be run in a service at all; empty where it can."""
    if demo.notebook:
        return "a notebook is not run in containers"
    if demo.network == "on":
        return '[demo] network = "on": in these containers no way leads out'
    if "postgres" in demo.needs and not service.environment.get("DATABASE_URL"):
        return f"{file}:{service.line}: [demo] needs postgres, and service `{service.name}` is given no DATABASE_URL"
    return ""
