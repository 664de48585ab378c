"""What of a repository is deployed, and as whose: the services of the project that is judged, and those of its neighbours."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from readiness.formats import composition, dotenv, kubernetes, terraform
from readiness.formats.composition import Composition, Part
from readiness.formats.terraform import Block
from readiness.world.context import Context
from readiness.world.project import ASIDE, Project

_TEXT_LIMIT_BYTES: Final = 1_000_000
_ADDRESS: Final = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb|mongodb|mssql|oracle|cockroachdb|clickhouse)(?:\+\w+)*://([^:@/\s]+)(?::[^@\s]*)?@([^/?\s]*)",
    re.IGNORECASE,
)
_ROLE: Final = re.compile(r"(?:DB|DATABASE|PG|POSTGRES(?:QL)?|MYSQL|MARIADB|MONGO(?:DB)?)_?(?:USER(?:NAME)?|ROLE)", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:DB|DATABASE|PG|POSTGRES(?:QL)?|MYSQL|MARIADB|MONGO(?:DB)?)_?HOST(?:NAME)?", re.IGNORECASE)
_DATABASE: Final = re.compile(r"(?:\w*_)?(?:DATABASE|DB|POSTGRES(?:QL)?|MYSQL|MONGO(?:DB)?)_(?:URL|URI|DSN)|PG\w+|DSN", re.IGNORECASE)
_SERVER: Final = re.compile(
    r"(?:.*/)?(?:postgres|postgis|pgvector|timescaledb|mysql|mariadb|mongo|cockroach|clickhouse-server)[\w.-]*(?::.*)?"
)
"""Images that are a database: the user they are told is the one they make, not one they take."""


@dataclass(frozen=True, slots=True)
class Role:
    """A database role that a service takes: the user, and where the database is. `unset` is the variable that hides it."""

    user: str = ""
    host: str = ""
    unset: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a compose file: whether it is ours, what program it is, its roles, and the files of its environment."""

    file: str
    part: Part
    ours: bool
    program: str
    roles: tuple[Role, ...] = ()
    env_files: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name as the compose file has it."""
        return self.part.service.name

    @property
    def is_database(self) -> bool:
        """Whether it is a database itself."""
        return _SERVER.fullmatch(self.part.service.image) is not None


@dataclass(frozen=True, slots=True)
class Deployed:
    """Everything that is deployed. Paths are those of the repository; `folders` are the ones that are the project's own.

    `elsewhere` are files that describe a deployment in a way that is not judged here, `unread` those that cannot be read.
    `files` maps the compose files to what they say; `code` says that there is something that could be deployed.
    """

    folders: tuple[str, ...]
    services: tuple[Service, ...] = ()
    files: tuple[tuple[str, Composition], ...] = ()
    blocks: tuple[Block, ...] = ()
    elsewhere: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    code: bool = False

    @property
    def ours(self) -> tuple[Service, ...]:
        """The services of the project."""
        return tuple(item for item in self.services if item.ours)

    @property
    def neighbours(self) -> tuple[Service, ...]:
        """The services of others in the repository."""
        return tuple(item for item in self.services if not item.ours)

    def is_own(self, path: str) -> bool:
        """Whether a path of the repository lies in a folder of the project."""
        return any(folder in ("", ".") or path == folder or path.startswith(f"{folder}/") for folder in self.folders)


def look(context: Context) -> Deployed:
    """Reads the compose files, Terraform files and Kubernetes manifests of the repository the project lies in."""
    project = context.project
    whole = project.whole or project
    inside = project.folder if project.whole is not None else "."
    folders = tuple(posixpath.normpath(posixpath.join(inside, part)) for part in context.manifest.components)
    deployed = Deployed(folders)
    found: list[tuple[str, Composition]] = []
    blocks: list[Block] = []
    elsewhere: list[str] = []
    unread: list[str] = []
    for path in _product(whole):
        name = posixpath.basename(path)
        if composition.variant(name) is not None:
            try:
                found.append((path, composition.parse(whole.text(path))))
            except ValueError as error:
                unread += [f"{path}: {error}"]
        elif _near(path, inside) and name.endswith(".tf"):
            blocks += terraform.blocks(whole.text(path), path)
        elif _near(path, inside) and (name.endswith(".tf.json") or _is_kubernetes(whole, path)):
            elsewhere.append(path)
    services = tuple(_service(whole, deployed, path, item, part) for path, item in found for part in item.parts)
    code = context.demo.demo is not None or any(path.endswith((".py", ".ipynb")) for path in project.paths)
    return Deployed(folders, services, tuple(found), tuple(blocks), tuple(elsewhere), tuple(unread), code)


def _product(project: Project) -> list[str]:
    """Files of the product: what lies in documentation, tests and hidden folders is about it."""
    return sorted(path for path in project.paths if not any(part.lower() in ASIDE or part.startswith(".") for part in path.split("/")[:-1]))


def _near(path: str, inside: str) -> bool:
    return inside == "." or path.startswith(f"{inside}/")


def _is_kubernetes(project: Project, path: str) -> bool:
    if not path.endswith((".yaml", ".yml")):
        return False
    text = project.text(path)
    try:
        return len(text) <= _TEXT_LIMIT_BYTES and kubernetes.is_manifest(text) and bool(kubernetes.workloads(text))
    except ValueError:
        return True


def _service(project: Project, deployed: Deployed, file: str, whole: Composition, part: Part) -> Service:
    folder = posixpath.dirname(file)
    told = part.service
    context = posixpath.normpath(posixpath.join(folder, told.context or ".")) if told.builds else ""
    ours = deployed.is_own(context) if told.builds else deployed.is_own(folder)
    files = tuple(posixpath.normpath(posixpath.join(folder, path)) for path in part.env_files)
    values = _values(project, folder, files, part)
    program = f"what is built from {context}" if told.builds else told.image.partition("@")[0].rpartition(":")[0] or told.image
    found = Service(file, part, ours, program, (), files)
    inside = {item.service.name for item in whole.parts}
    return Service(file, part, ours, program, () if found.is_database else tuple(_roles(values, file, inside)), files)


def _values(project: Project, folder: str, files: Iterable[str], part: Part) -> dict[str, str]:
    """The variables of a service, from its files and the compose file, with what the folder's `.env` and defaults fill in.

    An example file only shows what could be filled in, and says nothing about what runs.
    """
    given = dotenv.parse(project.text(posixpath.join(folder, ".env")))
    found: dict[str, str] = {}
    for path in files:
        found |= dotenv.parse(project.text(path))
    for name in part.service.variables:
        value = part.service.values.get(name, f"${{{name}}}")
        found[name] = composition.filled(value, given)
    return found


def _roles(values: dict[str, str], file: str, inside: set[str]) -> Iterable[Role]:
    """The roles that variables name: in the address of a database, or as a user of one."""
    host = next((value for name, value in values.items() if _HOST.fullmatch(name)), "")
    for name, value in values.items():
        address = _ADDRESS.search(value)
        if address is not None:
            yield _role(unquote(address[1]), address[2].partition(":")[0], file, inside)
        elif _ROLE.fullmatch(name):
            yield _role(value, host, file, inside)
        elif _DATABASE.fullmatch(name) and (unset := composition.unfilled(value)):
            yield Role(unset=unset)


def _role(user: str, host: str, file: str, inside: set[str]) -> Role:
    # a host that is a service is another one in every compose file
    where = f"{host} of {file}" if host in inside else host
    hidden = composition.unfilled(user)
    return Role(unset=hidden) if hidden else Role(user, "" if composition.unfilled(host) else where)
