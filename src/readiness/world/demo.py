"""The demo: which one it is, and its runs, each made once, watched at its boundary, and what they leave behind."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from readiness.config.manifest import SECRET, Demo, Manifest, Request
from readiness.errors import NotRecorded
from readiness.world import beneath, files, notebook, perturbed, reads, servers, watched
from readiness.world.changed import UNCHANGED, Changed
from readiness.world.environment import Environment
from readiness.world.perturbed import NOTHING, Given, Names
from readiness.world.project import Project
from readiness.world.sandbox import Ran
from readiness.world.session import Session
from readiness.world.watched import Ask, Bounds, Database, Watched, Wish

NAMES: Final = ("demo.py", "examples/demo.py", "scripts/demo.py")
STDOUT: Final = "standard output"
_PLAIN_WORD: Final = re.compile(r"[\w@%+=:,./{}-]+")
"""A word that a shell takes as it is."""
CANARY: Final = "readiness-canary-"
CREDENTIAL_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token", "x-access-token", "x-api-token"}
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the demo. `outputs` maps each declared output (or the standard output) to the file kept of it.

    `reads` are the project's files that were read, None where the file system does not say; `database` is the
    fresh database it was given, None without one.
    """

    ran: Ran
    outputs: Mapping[str, Path]
    missing: tuple[str, ...]
    created: tuple[str, ...]
    changed: tuple[str, ...]
    watched: Watched
    reads: tuple[str, ...] | None = None
    database: Database | None = None

    def digest(self, name: str) -> str:
        """SHA-256 in hex of an output."""
        with self.outputs[name].open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()


class Crossing(Protocol):
    """What stands between one run and the network: `doors` and `env` as `Wish` has them, and what it saw afterwards."""

    doors: Mapping[str, str]
    env: Mapping[str, str]

    def told(self, run: Run) -> Run:
        """The run with what crossed. Raises NotRecorded where it asked what cannot be answered."""


class Crossings(Protocol):
    """Makes a crossing for each run. `secrets` are what the run is given for those of the demo."""

    def secrets(self, demo: Demo) -> Mapping[str, str]:
        """The values of the demo's secrets by name."""

    def open(self, session: Session, demo: Demo, label: str) -> AbstractContextManager[Crossing]:
        """Opens one for a run. Raises NotRecorded where there is nothing to answer from."""


def declared(demo: Demo) -> tuple[str, ...]:
    """The files a demo says it writes; its metrics are one of them."""
    return tuple(dict.fromkeys((*demo.outputs, *([demo.metrics] if demo.metrics else []))))


def discover(project: Project) -> tuple[Demo | None, str]:
    """A demo found without a manifest; None where nothing is clearly one."""
    for name in NAMES:
        if name in project.paths:
            return Demo(command=("python", name)), name
    if book := the_notebook(project):
        return Demo(notebook=book, timeout_s=notebook.TIMEOUT_S), book
    return None, ""


def the_notebook(project: Project) -> str:
    """The notebook that is the demo of a project which consists of notebooks; empty where it does not."""
    books = sorted(path for path in project.paths if path.endswith(".ipynb"))
    if not books or any(path.endswith(".py") for path in project.paths):
        return ""
    return next((path for path in books if "demo" in path.lower()), books[0])


def of(project: Project, manifest: Manifest) -> tuple[Demo | None, str]:
    """The demo of a project and where it was found: the manifest, a file named for it, or the only notebook."""
    if manifest.demo is not None:
        return manifest.demo, "readiness.toml"
    return discover(project)


def name(demo: Demo) -> str:
    """The demo in one line, as a shell would take it; what is filled in, such as `{PORT}`, stands as it is."""
    if demo.notebook:
        return demo.notebook
    argv = demo.command or (demo.server.argv if demo.server else ())
    return " ".join(word if _PLAIN_WORD.fullmatch(word) else shlex.quote(word) for word in argv)


def canary(name: str) -> str:
    """What stands for a secret: a value that opens nothing, the same in every run, and found again wherever it leaks."""
    return f"{CANARY}{hashlib.sha256(name.encode()).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True)
class Planting:
    """What is planted into one run: `files` in place of those of the project, variables, rows of the database while it runs.

    `documents` says that instructions of ours stand in those files.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    rows: Callable[[Database], None] | None = None
    documents: bool = False


@dataclass(frozen=True, slots=True)
class _Way:
    """How one run differs from the first: other requests, a stop, other circumstances, the tree it lies in, a seed, a label.

    `bounds` and `planting` are of a run that is attacked by us.
    """

    requests: tuple[Ask, ...] = ()
    stop_within_s: float | None = None
    changed: Changed = UNCHANGED
    kept_in: Path | None = None
    seed: int = 0
    told: str = ""
    bounds: Bounds | None = None
    planting: Planting | None = None


_PLAIN: Final = _Way()


class DemoSession:
    """The demo of one judged state, executed: every run is made at most once, and only when asked for.

    Read `demo` first: without one nothing can be run. A run is made in the first environment unless it says otherwise,
    so `session.blocked` must be NONE. A demo that is to be answered from a cassette raises NotRecorded from any run that
    asked what is not in it; `crossings` answer it, or record.
    """

    def __init__(self, project: Project, manifest: Manifest, session: Session, crossings: Crossings | None = None) -> None:
        self.project = project
        self._crossings = crossings
        self._unanswered: dict[str, NotRecorded] = {}
        self.session = session
        self.project_id = project.id
        self.demo, self.source = of(project, manifest)
        self.stop_within_s = manifest.measurement.stop_within_s
        self._perturbed: dict[tuple[Names, Given, int], Run] = {}
        self._under: dict[str, Run] = {}

    @cached_property
    def first(self) -> Run:
        """The first run: what it writes, reads, sends and asks is what most checks look at."""
        with self.session.progress("running the demo"):
            return self._run(self._declared, self.session.first, "first")

    @cached_property
    def again(self) -> Run:
        """A second run in the same environment and place; the first again where that did not end well."""
        if not self.first.ran.ok or self.first.missing:
            return self.first
        with self.session.progress("running the demo again"):
            return self._run(self._declared, self.session.first, "again")

    @cached_property
    def elsewhere(self) -> Run:
        """A run in the second environment: another place, installed anew."""
        with self.session.progress("running the demo elsewhere"):
            return self._run(self._declared, self.session.second, "elsewhere")

    @cached_property
    def attacked(self) -> Run:
        """A run of a server demo in which every request is sent as declared, without its credentials, with wrong ones, broken.

        The answers tell by their `phase`: `demo`, `anonymous`, `wrong` (only of a request that has credentials), `broken`.
        """
        demo = self._declared
        requests = [request for declared in demo.requests for request in _variants(declared)]
        with self.session.progress("asking the demo without credentials, and wrongly"):
            return self._run(demo, self.session.first, "attacked", _Way(requests=tuple(requests)))

    @cached_property
    def stopped(self) -> Run:
        """A run in which the system is stopped: a server after its requests, a command before it starts."""
        with self.session.progress("pulling the kill switch"):
            return self._run(self._declared, self.session.first, "stopped", _Way(stop_within_s=self.stop_within_s))

    def seeded(self, environment: Environment, seed: int, label: str) -> Run:
        """A run in an environment with SEED=`seed`, made each time it is asked for; `label` is of this run alone.

        The demo is told the same whatever the label, so that only the seed makes two runs differ. What is kept of the
        outputs stays until `forget`.
        """
        return self._run(self._declared, environment, label, _Way(seed=seed, told="seeded"))

    def probed(self, demo: Demo, requests: tuple[Ask, ...], label: str, bounds: Bounds, planting: Planting) -> Run:
        """A run in the first environment of a demo that is a server, asked these requests, with what is planted; made each time.

        `demo` may be another than the declared one; `label` is of this run alone.
        """
        changed = Changed(inner=dict(planting.env)) if planting.env else UNCHANGED
        way = _Way(requests, changed=changed, told="probed", bounds=bounds, planting=planting)
        return self._run(demo, self.session.first, label, way)

    def forget(self, run: Run, label: str) -> None:
        """Removes what was kept of a run, and its database."""
        files.remove_tree(self.session.sandbox.private / "kept" / label)
        if run.database is not None:
            servers.of(self.session, run.database)[0].drop_database(run.database.name)

    def perturbed(self, names: Names, given: Given = NOTHING, turn: int = 0) -> Run:
        """A run in the first environment with circumstances changed; without names a plain one more, another for each `turn`."""
        key = (names, given, turn)
        if key not in self._perturbed:
            label = f"p{len(self._perturbed)}"
            text = f"running the demo with another {', '.join(sorted(names))}" if 0 < len(names) < 4 else "running the demo perturbed"
            with self.session.progress(text if names else "running the demo once more"):
                self._perturbed[key] = self._changed(names, given, label)
        return self._perturbed[key]

    def _changed(self, names: Names, given: Given, label: str) -> Run:
        demo, environment = self._declared, self.session.first
        with perturbed.prepared(self.session, environment, demo, names, label, given) as (changed, tree):
            return self._run(demo, environment, label, _Way(changed=changed, kept_in=tree))

    def under(self, env: Mapping[str, str], label: str, *, elsewhere: bool = False) -> Run:
        """A run whose demo has variables set, made once for each `label`, in the first environment or the second."""
        environment = self.session.second if elsewhere else self.session.first
        if label not in self._under:
            with self.session.progress("running the demo once more"):
                self._under[label] = self._run(self._declared, environment, label, _Way(changed=Changed(inner=dict(env))))
        return self._under[label]

    @property
    def _declared(self) -> Demo:
        assert self.demo is not None, "callers look for a demo first"
        return self.demo

    def _run(self, demo: Demo, environment: Environment, label: str, way: _Way = _PLAIN) -> Run:
        """The run of that label, made now. A run that was not answered is not made again, and says so each time."""
        if label in self._unanswered:
            raise self._unanswered[label]
        crossings = self._crossings
        if crossings is None and demo.network == "cassette":
            raise NotRecorded("this command cannot answer a demo from its cassette", "readiness check")
        try:
            with crossings.open(self.session, demo, label) if crossings else nullcontext() as crossing:
                secrets = crossings.secrets(demo) if crossings else canaries(demo)
                run = self._made(demo, environment, label, way, crossing, secrets)
                return crossing.told(run) if crossing else run
        except NotRecorded as error:
            self._unanswered[label] = error
            raise

    def _made(
        self,
        demo: Demo,
        environment: Environment,
        label: str,
        way: _Way,
        crossing: Crossing | None,
        secrets: Mapping[str, str],
    ) -> Run:
        session = self.session
        tree = way.kept_in or environment.tree
        before = files.state_of(tree)
        for path in declared(demo):
            beneath.remove(tree, path)
        database = watched.fresh_database(session, label) if "postgres" in demo.needs else None
        asked = way.requests or asks(demo, secrets)
        doors = (crossing.doors, crossing.env) if crossing else ({}, {})
        wish = Wish(way.told or label, self.project_id, asked, way.stop_within_s, database, way.changed, *doors, way.bounds)
        if way.planting is not None:
            wish = _planted(session, tree, way.planting, wish)
        seeing = way.changed == UNCHANGED and reads.prepare(tree, self.project.entries)
        ran, seen = _execute(session, environment, demo, wish, secrets, way.seed)
        read = reads.seen(tree, self.project.entries) if seeing else None
        if database is not None:
            database = replace(database, tables=watched.tables(database))
        outputs, missing = keep(session, demo, tree, label, ran)
        created, altered = session.restore(tree, before)
        named = set(written(demo))
        return Run(
            ran, outputs, missing, tuple(p for p in created if p not in named), tuple(p for p in altered if p not in named), seen,
            read, database,
        )  # fmt: skip


def _planted(session: Session, tree: Path, planting: Planting, wish: Wish) -> Wish:
    """Puts the files of a planting into a tree, and into the wish what is planted while the demo runs."""
    for path, data in planting.files.items():
        beneath.write(tree, path, data)
    if planting.files:
        session.sandbox.hand_over(tree)
    rows, database = planting.rows, wish.database
    plant = (lambda: rows(database)) if rows is not None and database is not None else None
    return replace(wish, plant=plant, planted=planting.documents)


def keep(session: Session, demo: Demo, tree: Path, label: str, ran: Ran) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Keeps what a run left in a tree: the declared outputs (else the standard output) by name, and which are missing."""
    kept = session.sandbox.private / "kept" / label
    kept.mkdir(parents=True, exist_ok=True)
    outputs, missing = {}, []
    for index, path in enumerate(written(demo)):
        data = beneath.read(tree, path)
        if data is None:
            missing.append(path)
            continue
        outputs[path] = kept / str(index)
        outputs[path].write_bytes(data)
    if not declared(demo) and demo.server is None:
        outputs[STDOUT] = kept / "stdout.txt"
        outputs[STDOUT].write_text(f"{ran.stdout}\n{ran.stdout_sha256}", encoding="utf-8", errors="surrogateescape")
    return outputs, tuple(missing)


def written(demo: Demo) -> tuple[str, ...]:
    """The files a run leaves: those it declares, and the answers to the requests."""
    return (*declared(demo), *(f"outputs/requests/{request.id}.json" for request in demo.requests))


def asks(demo: Demo, secrets: Mapping[str, str]) -> tuple[Ask, ...]:
    """The requests as declared, with what stands for its secrets."""
    return tuple(as_declared(request, secrets) for request in demo.requests)


def canaries(demo: Demo) -> dict[str, str]:
    """What stands for the secrets of a demo, by name."""
    return {name: canary(name) for name in demo.secrets}


def _execute(
    session: Session, environment: Environment, demo: Demo, wish: Wish, secrets: Mapping[str, str], seed: int
) -> tuple[Ran, Watched]:
    env = dict(demo.env) | {"SEED": str(seed)} | dict(secrets)
    argv = list(demo.command)
    if demo.notebook:
        prepared = notebook.prepare(session, environment, demo.notebook, demo.timeout_s)
        if isinstance(prepared, Ran):
            return prepared, Watched()
        argv = prepared
    return watched.run(session, environment, demo, argv, env, wish)


def once(session: Session, environment: Environment, demo: Demo, project_id: str, database: Database) -> Ran:
    """Runs a demo on a database that is there already, and returns how it ended; what it wrote in there is all that is kept."""
    secrets = canaries(demo)
    return _execute(session, environment, demo, Wish("before", project_id, asks(demo, secrets), database=database), secrets, 0)[0]


def as_declared(request: Request, secrets: Mapping[str, str] | None = None) -> Ask:
    """A request as the demo declares it, with canaries for the secrets that are not given."""
    headers = {key: _filled(value, secrets or {}) for key, value in request.headers.items()}
    return Ask(request.id, "demo", request.method, request.path, request.json, None, headers)


def _filled(value: str, secrets: Mapping[str, str]) -> str:
    """A header with `{NAME}` replaced by that secret, or by its canary where none is given."""
    return SECRET.sub(lambda found: secrets.get(found[1]) or canary(found[1]), value)


def credentials(request: Request) -> tuple[str, ...]:
    """The headers of a request that say who asks: those that name a secret, and those that are made for it."""
    return tuple(key for key, value in request.headers.items() if SECRET.search(value) or key.lower() in CREDENTIAL_HEADERS)


def _variants(request: Request) -> tuple[Ask, ...]:
    plain = as_declared(request)
    named = credentials(request)
    anonymous = replace(plain, phase="anonymous", headers={key: value for key, value in plain.headers.items() if key not in named})
    wrong = replace(
        plain, phase="wrong", headers={key: _wrong(request, key) if key in named else value for key, value in plain.headers.items()}
    )
    broken = replace(plain, phase="broken", json=None, raw='{"' if request.json is not None else "\x00")
    return (plain, anonymous, *([wrong] if named else []), broken)


def _wrong(request: Request, key: str) -> str:
    """A credential of the same form that opens nothing."""
    declared = request.headers[key]
    if SECRET.search(declared):
        return SECRET.sub(lambda found: canary(f"wrong {found[1]}"), declared)
    scheme, blank, _ = declared.rpartition(" ")
    return f"{scheme}{blank}{canary('wrong')}"
