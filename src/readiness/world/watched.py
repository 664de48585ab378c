"""A command run with its boundary watched: what it exported, which models it asked, how it answered, when it stopped.

The watching program runs beside the command, inside the sandbox and its network, so that the network can stay off.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from readiness.config.manifest import Demo
from readiness.world import beneath, servers
from readiness.world.changed import UNCHANGED, Changed
from readiness.world.environment import Environment
from readiness.world.sandbox import Ran
from readiness.world.session import Session

EVENTS: Final = "watched.jsonl"
KEPT_BYTES: Final = 160 << 20
"""The longest file of events that is read: what the watching program keeps, and room for what it was told to."""
MODEL_VARIABLE: Final = "OPENAI_BASE_URL"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to a server demo: `raw` in place of `json` where the body is to be broken."""

    id: str
    phase: str
    method: str
    path: str
    json: object = None
    raw: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server demo answered; `status` is None where it did not, and `error` says why. `headers` are as they came."""

    id: str
    phase: str
    status: int | None
    body: bytes
    error: str
    elapsed_ms: int
    headers: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """One OTLP/HTTP export as it came: the path (`/v1/traces` …), its content type, the inflated body.

    `planted` says that it came after documents with instructions of ours were planted.
    """

    path: str
    content_type: str
    body: bytes
    planted: bool = False


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model, seen at the boundary. `status` is None where no model could be reached."""

    path: str
    model: str
    stream: bool
    status: int | None
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool that the demo told a model it had made. `planted` as of an Export."""

    name: str
    arguments: str
    planted: bool = False


@dataclass(frozen=True, slots=True)
class Drill:
    """The kill switch pulled (`stopped`) or released (`running`): seconds until the demo obeyed, None where it never did.

    Of a command, which is stopped before it starts, `status` is its exit code and `seconds` how long it ran.
    """

    state: str
    seconds: float | None
    status: int | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the demo's database: how often it was scanned, and how many rows were changed."""

    schema: str
    name: str
    scans: int
    changes: int


@dataclass(frozen=True, slots=True)
class Database:
    """A fresh database given to one run: `socket` and `url` for the demo, with its `password`; its tables afterwards.

    `reader_url` is for us: a role that sees every row, whatever policy hides it from the demo, and that is no superuser,
    since what the project left in there and what it asks in its contracts and outcomes runs with its rights. `own_url` is
    for us too, with the rights of the demo. `env` are more variables to give, and `files` texts to write into the tree
    before the command starts, both with `{port}` in them.
    """

    socket: Path
    url: str
    reader_url: str
    password: str
    tables: tuple[Table, ...] = ()
    own_url: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the database, and of the demo's role, which owns it."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Watched:
    """What crossed the boundary. `boundary` is False where the model's boundary was not in the way of the demo.

    `grpc` says that telemetry was sent by gRPC, which is not received here: what is in it was not seen. `strays` counts
    attempts to reach another machine, none of which can succeed; `cassette` is what the demo was answered from.
    """

    exports: tuple[Export, ...] = ()
    calls: tuple[ModelCall, ...] = ()
    answers: tuple[Answer, ...] = ()
    drills: tuple[Drill, ...] = ()
    state_asked: int = 0
    dropped: int = 0
    boundary: bool = False
    leaked_port: bool = False
    grpc: bool = False
    strays: int = 0
    cassette: str = ""
    tools: tuple[ToolCall, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether a model was asked for and none could be reached."""
        return any(call.status is None for call in self.calls)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What limits each request that is not the demo's own: seconds, bytes of an answer, unanswered ones in a row."""

    ask_s: float
    body_bytes: int
    give_up: int


@dataclass(frozen=True, slots=True)
class Wish:
    """How a run is to be watched: under which label, with which requests, whether it is stopped, which database, what is changed.

    `plant` is called between the requests before and after the one of the phase `plant`, while the demo runs; `planted` says
    that something was planted before it started.

    `doors` are sockets (by name) that the demo finds as ports on loopback, and nothing else of the network; `door_env` are
    variables it is given for them, in which `{name}` stands for the port.
    """

    label: str
    project: str
    requests: tuple[Ask, ...] = ()
    stop_within_s: float | None = None
    database: Database | None = None
    changed: Changed = UNCHANGED
    doors: Mapping[str, str] = field(default_factory=dict)
    door_env: Mapping[str, str] = field(default_factory=dict)
    bounds: Bounds | None = None
    plant: Callable[[], None] | None = None
    planted: bool = False


def run(session: Session, environment: Environment, demo: Demo, argv: list[str], env: dict[str, str], wish: Wish) -> tuple[Ran, Watched]:
    """Runs the demo (`argv`, or its server) watched, and returns how it ended and what was seen."""
    out = (wish.changed.tmp or session.sandbox.root / "tmp") / EVENTS
    beneath.remove(out.parent, out.name)
    content = told(demo, argv, wish, str(out))
    spec = session.sandbox.give_alone("demo.json", json.dumps(content).encode(), wish.changed.user)  # it holds credentials of requests
    probe = [str(environment.python), "-I", str(session.probe("run_demo.py")), str(spec)]
    network = demo.network == "on" and not wish.doors
    env = env | {"READINESS_RUN": wish.label}
    with _pausing(out, wish.plant):
        ran = session.run(environment, probe, env=env, network=network, timeout_s=limit_s(demo, wish), changed=wish.changed)
    seen = parsed(beneath.read(out.parent, out.name, KEPT_BYTES) or b"", demo, wish)
    return ran, seen if ran.isolation.network_off else replace(seen, strays=0)


def limit_s(demo: Demo, wish: Wish) -> float:
    """The seconds a watched run may take in all."""
    rounds = max(1.0, len(wish.requests) / max(1, len(demo.requests)))  # the attacked run asks everything several times
    return rounds * demo.timeout_s + (demo.server.ready_s + 10 if demo.server else 0) + 2 * (wish.stop_within_s or 0)


def told(demo: Demo, argv: list[str], wish: Wish, out: str) -> dict[str, object]:
    """What the watching program is told: the command or server, the requests, and where it writes what it sees."""
    upstream, server = demo.env.get(MODEL_VARIABLE, ""), demo.server
    return {
        "argv": list(server.argv) if server else argv,
        "server": {"ready": server.ready, "ready_s": server.ready_s} if server else None,
        "requests": [asdict(request) for request in wish.requests],
        "timeout_s": demo.timeout_s,
        "project": wish.project,
        "stop": None if wish.stop_within_s is None else {"within_s": wish.stop_within_s},
        "upstream": upstream,
        "model": _bounded(demo) and (bool(upstream) or not wish.doors),
        "doors": dict(wish.doors),
        "door_env": dict(wish.door_env),
        "database": _given(wish.database) if wish.database else None,
        "env": dict(wish.changed.inner),
        "bounds": asdict(wish.bounds) if wish.bounds else None,
        "planted": wish.planted,
        "out": out,
    }


def _bounded(demo: Demo) -> bool:
    """Whether the model's boundary is in the way: with the network on and no address given, calls go where they go."""
    return bool(demo.env.get(MODEL_VARIABLE, "")) or demo.network != "on"


def parsed(said: bytes, demo: Demo, wish: Wish) -> Watched:
    """What the watching program saw, from the events it wrote."""
    return _parsed(said, boundary=_bounded(demo) or bool(wish.doors))


@contextmanager
def _pausing(out: Path, plant: Callable[[], None] | None) -> Iterator[None]:
    """Calls `plant` when the watching program waits for it, and lets it go on; what `plant` raises is raised here."""
    paused, go = f"{out.name}.paused", f"{out.name}.go"
    for name in (paused, go):
        beneath.remove(out.parent, name)
    if plant is None:
        yield
        return
    ended, failed = Event(), list[BaseException]()

    def wait() -> None:
        while not ended.wait(0.05):
            if beneath.read(out.parent, paused) is not None:
                try:
                    plant()
                except BaseException as error:  # noqa: BLE001  raised again below, where somebody can catch it
                    failed.append(error)
                beneath.write(out.parent, go, b"")
                return

    thread = Thread(target=wait, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for name in (paused, go):
            beneath.remove(out.parent, name)
    if failed:
        raise failed[0]


def _given(database: Database) -> dict[str, object]:
    return {"socket": str(database.socket), "url": database.url, "env": dict(database.env), "files": dict(database.files)}


def _parsed(said: bytes, *, boundary: bool) -> Watched:
    events: dict[str, list[dict[str, Any]]] = {}
    for line in said.splitlines():
        try:
            event = json.loads(line)
            events.setdefault(str(event["kind"]), []).append(event)
        except (ValueError, KeyError, TypeError):
            continue  # the demo can write to this file, and only blurs its own picture
    try:
        return _of(events, boundary=boundary)
    except (KeyError, TypeError, ValueError):
        return Watched(boundary=boundary)


def _of(events: dict[str, list[dict[str, Any]]], *, boundary: bool) -> Watched:
    def of(kind: str) -> list[dict[str, Any]]:
        return events.get(kind, [])

    return Watched(
        exports=tuple(Export(e["path"], e["type"], base64.b64decode(e["body"]), bool(e.get("planted"))) for e in of("otlp")),
        calls=tuple(ModelCall(e["path"], e["model"], e["stream"], e["status"], e["ms"]) for e in of("model")),
        answers=tuple(
            Answer(e["id"], e["phase"], e["status"], base64.b64decode(e["body"]), e["error"], e["ms"], e["headers"]) for e in of("answer")
        ),
        drills=tuple(Drill(e["state"], e["seconds"], e["status"], base64.b64decode(e["body"])) for e in of("drill")),
        state_asked=len(of("state")),
        dropped=sum(int(e["dropped"]) for e in of("end")),
        boundary=boundary,
        leaked_port=bool(of("leak")),
        grpc=bool(of("grpc")),
        strays=sum(int(e["count"]) for e in of("strays")),
        tools=tuple(ToolCall(str(e["name"]), str(e["arguments"]), bool(e["planted"])) for e in of("tool")),
    )


def fresh_database(session: Session, label: str, *, spare: bool = False) -> Database:
    """A database of its own for one run, on a server of the session. Raises CannotJudge where none can be started."""
    from secrets import token_urlsafe

    role, password = f"demo_{label}", token_urlsafe(18)
    reader, secret = f"reader_{label}", token_urlsafe(18)
    server, address = session.spare if spare else servers.choose(session, label)
    session.roles_given |= {role, reader}
    server.create_role(role, password)
    server.create_database(role, owner=role)
    server.create_reader(reader, secret)
    socket = address.socket_folder / f".s.PGSQL.{address.port}"
    url = f"postgresql://{role}:{password}@127.0.0.1:{{port}}/{role}"
    return Database(socket, url, address.url(role, reader, secret), password, own_url=address.url(role, role, password))


def tables(database: Database) -> tuple[Table, ...]:
    """The tables of a run's database that were read or written, by the server's own statistics."""
    import psycopg

    query = Path(__file__).with_name("sql").joinpath("tables_read.sql").read_text(encoding="utf-8")
    with psycopg.connect(database.reader_url, autocommit=True) as connection:
        return tuple(Table(*row) for row in connection.execute(query.encode()))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement a database was sent, its constants left out: how often, how many rows it gave, the tables it names, as which roles."""

    text: str
    calls: int
    rows: int
    tables: tuple[str, ...]
    roles: tuple[str, ...] = ()


def statements(session: Session, database: Database | None) -> Iterator[Statement]:
    """The statements a run's own database was sent, where its server counts them."""
    if database is None or not session.counts_statements:
        return
    import psycopg

    query = Path(__file__).with_name("sql").joinpath("statements_seen.sql").read_text(encoding="utf-8")
    with psycopg.connect(servers.of(session, database)[1].url("postgres"), autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        found = connection.execute(query.encode(), {"database": database.name}).fetchall()
    known = {table.name.lower(): f"{table.schema}.{table.name}" for table in database.tables}
    for text, calls, rows, roles in found:
        # of a statement that is none of a query, the server keeps the constants, and a password is one
        hidden = re.sub(r"(?i)(password\s+)'(?:[^']|'')*'", r"\1'…'", text)
        words = set(re.findall(r"\w+", text.lower()))
        yield Statement(hidden, calls, rows, tuple(sorted(known[table] for table in known if table in words)), tuple(roles))
