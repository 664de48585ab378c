"""The manifest: what `readiness.toml` says, every bad field reported with its line, not only the first."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

from readiness.config import security
from readiness.config.fields import METHODS, Reader, shown
from readiness.config.lines import key_lines
from readiness.config.security import Security
from readiness.errors import InputError
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.stakes import Stakes
from readiness.sequence.waiver import Waiver

NAME: Final = "readiness.toml"
_LAYER_TABLES: Final = ("infrastructure", "security", "data", "measurement")
SECRET: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""How a header of a request names a secret of the demo."""
FACTORS: Final = ("code", "configuration", "infrastructure", "data", "model", "prompts")
"""What a change of results can come from, as `[infrastructure.factors]` names it."""
NEEDS: Final = ("postgres",)
"""What a demo can be supplied with."""


KINDS: Final = ("timestamp", "id")
"""What a field of an output can be declared to be, so that its value is not compared."""
NORMALISED: Final = (".json", ".jsonl", ".csv")
"""Files with fields, by the ending of their name."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a server demo; the answer's body becomes `outputs/requests/<id>.json`.

    A header value may name a secret of the demo as `{NAME}`; it is filled with what stands for that secret.
    """

    id: str
    path: str
    method: str = "GET"
    json: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """A demo that is a server: started as `argv`, in which `{PORT}` stands for the port it is given.

    It is ready once a GET of `ready` answers 2xx, within `ready_s` seconds.
    """

    argv: tuple[str, ...]
    ready: str = "/"
    ready_s: float = 30


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a number may move between two runs: |a - b| <= abs + rel * |a|."""

    abs: float = 0.0
    rel: float = 0.0


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in the currency named: for a million tokens in, and a million out."""

    input_per_million: float = 0.0
    output_per_million: float = 0.0
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo as declared: exactly one of `command`, `server`, `notebook`."""

    command: tuple[str, ...] = ()
    server: Server | None = None
    notebook: str = ""
    requests: tuple[Request, ...] = ()
    setup: tuple[tuple[str, ...], ...] = ()
    needs: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    metrics: str = ""
    timeout_s: float = 120
    network: str = "off"
    cassette: str = ""
    redact: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    prices: Mapping[str, Price] = field(default_factory=dict)
    tolerance: Mapping[str, Tolerance] = field(default_factory=dict)
    normalise: Mapping[str, str] = field(default_factory=dict)
    service: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """The `[infrastructure]` table: `python` interpreter, `tests` command, `skip_modules` globs, `ttl_days`.

    `factors` maps the name of a factor to globs of its files, where their names do not say it. `migrate` brings the schema
    of a database to this release, `rollback` takes it back to the one before.
    """

    python: str = ""
    tests: tuple[str, ...] = ()
    skip_modules: tuple[str, ...] = ()
    ttl_days: float = 7
    factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    migrate: tuple[str, ...] = ()
    rollback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Data:
    """The `[data]` table: globs of `contracts`, and of files the demo reads that are `not_data`."""

    contracts: tuple[str, ...] = ("**/*.odcs.yaml", "**/*.odcs.yml")
    not_data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """The `[measurement]` table: globs of `outcomes`, and the seconds within which a stop must be obeyed."""

    outcomes: tuple[str, ...] = ("outcomes/*.yaml", "outcomes/*.yml")
    stop_within_s: float = 30


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key whose evidence counts, and as whose word: `self`, `ci` or `verifier`."""

    key: str
    grade: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything `readiness.toml` says, with the defaults where it says nothing. `path` is None without a file."""

    path: Path | None = None
    project_id: str = ""
    mode: Declaration = field(default_factory=Declaration)
    stakes: Stakes = Stakes.ANNOYANCE
    stakes_declared: bool = False
    components: tuple[str, ...] = (".",)
    demo: Demo | None = None
    trust: tuple[TrustedKey, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    infrastructure: Infrastructure = field(default_factory=Infrastructure)
    security: Security = field(default_factory=Security)
    data: Data = field(default_factory=Data)
    measurement: Measurement = field(default_factory=Measurement)


def load(root: Path) -> Manifest:
    """The manifest of a project folder; all defaults where there is no file.

    Raises InputError with every bad field as `readiness.toml:line: …`.
    """
    path = root / NAME
    try:
        if not path.is_file():
            return Manifest()
        return parse(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        raise InputError([f"{NAME}:1: cannot be read: {error.strerror}"], "make it readable") from None
    except UnicodeDecodeError as error:
        raise InputError([f"{NAME}:1: is not UTF-8 text ({error.reason} at byte {error.start})"], "save it as UTF-8") from None


def parse(text: str, path: Path | None = None) -> Manifest:
    """The manifest in `text`. Raises InputError naming file and line of every problem."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError([f"{NAME}:{_error_line(error, text)}: is not valid TOML: {error}"], "correct that line") from None
    reader = Reader(NAME, key_lines(text))
    manifest = _manifest(reader, data, path)
    if reader.problems:
        raise InputError(reader.problems, "the keys are listed in docs/reference/manifest.md")
    return manifest


def _error_line(error: Exception, text: str) -> int:
    line = getattr(error, "lineno", None)
    if isinstance(line, int):
        return line
    words = str(error).replace(",", " ").replace(")", " ").split()
    numbers = [int(after) for word, after in pairwise(words) if word == "line" and after.isdigit()]
    return numbers[0] if numbers else max(1, text.count("\n"))


def _manifest(reader: Reader, data: dict[str, object], path: Path | None) -> Manifest:
    reader.known((), data, ("schema", "project", "demo", "trust", "waiver", *_LAYER_TABLES))
    schema = data.get("schema", 1)
    if isinstance(schema, bool) or not isinstance(schema, int):
        reader.problem(("schema",), f"`schema` must be a whole number, got `{shown(schema)}`")
    elif schema != 1:
        reader.problem(("schema",), f"`schema` must be 1, got `{schema}`")
    project = reader.table(("project",), data.get("project"))
    known = ("id", "mode", "stakes", "components", "until", "reason", "owner")
    reader.known(("project",), project, known)
    return Manifest(
        path=path,
        project_id=reader.slug(("project", "id"), project.get("id", "")),
        mode=_mode(reader, project),
        stakes=Stakes(reader.choice(("project", "stakes"), project.get("stakes", "annoyance"), [s.value for s in Stakes])),
        stakes_declared="stakes" in project,
        components=reader.strings(("project", "components"), project.get("components", ["."])),
        demo=_demo(reader, data["demo"]) if "demo" in data else None,
        trust=_trust(reader, data.get("trust")),
        waivers=_waivers(reader, data.get("waiver", [])),
        infrastructure=_infrastructure(reader, data.get("infrastructure")),
        security=security.read(reader, data.get("security")),
        data=_data(reader, data.get("data")),
        measurement=_measurement(reader, data.get("measurement")),
    )


def _mode(reader: Reader, project: dict[str, object]) -> Declaration:
    at = ("project", "mode")
    mode = Mode(reader.choice(at, project.get("mode", "production"), [m.value for m in Mode]))
    until = reader.day(("project", "until"), project.get("until"))
    reason = reader.words(("project", "reason"), project.get("reason", ""))
    owner = reader.words(("project", "owner"), project.get("owner", ""))
    if mode is not Mode.PRODUCTION:
        for name, value in (("until", until), ("reason", reason), ("owner", owner)):
            if not value:
                reader.problem(at, f"mode `{mode}` needs `{name}`")
    elif until is not None:
        reader.problem(("project", "until"), "mode `production` has no `until`")
    return Declaration(mode, until, reason, owner)


def _demo(reader: Reader, raw: object) -> Demo:
    table = reader.table(("demo",), raw)
    known = ("setup", "command", "server", "request", "notebook", "needs", "env", "secrets", "outputs", "metrics",
             "timeout_s", "network", "cassette", "redact", "volatile", "prices", "tolerance", "normalise",
             "service")  # fmt: skip
    reader.known(("demo",), table, known)
    kinds = [kind for kind in ("command", "server", "notebook") if kind in table]
    if len(kinds) != 1:
        reader.problem(("demo",), f"[demo] needs exactly one of `command`, `server`, `notebook`, got {kinds or 'none'}")
    if "request" in table and "server" not in table:
        reader.problem(("demo", "request"), "requests need `server`")
    for need in reader.strings(("demo", "needs"), table.get("needs", [])):
        if need not in NEEDS:
            reader.problem(("demo", "needs"), f"`needs` cannot supply `{need}`; it supplies {', '.join(NEEDS)}")
    secrets = reader.strings(("demo", "secrets"), table.get("secrets", []))
    return Demo(
        command=reader.argv(("demo", "command"), table["command"]) if "command" in table else (),
        server=_server(reader, table["server"]) if "server" in table else None,
        notebook=reader.path(("demo", "notebook"), table.get("notebook", "")),
        requests=_requests(reader, table.get("request", []), secrets),
        setup=tuple(reader.argv(("demo", "setup"), step) for step in reader.items(("demo", "setup"), table.get("setup", []))),
        env=reader.string_map(("demo", "env"), table.get("env", {})),
        needs=reader.strings(("demo", "needs"), table.get("needs", [])),
        secrets=secrets,
        outputs=tuple(reader.path(("demo", "outputs"), p) for p in reader.strings(("demo", "outputs"), table.get("outputs", []))),
        metrics=reader.path(("demo", "metrics"), table.get("metrics", "")),
        timeout_s=reader.number(("demo", "timeout_s"), table.get("timeout_s", 120), least=0.1),
        network=reader.choice(("demo", "network"), table.get("network", "off"), ["off", "cassette", "on"]),
        cassette=_cassette(reader, table),
        redact=_redact(reader, table.get("redact", [])),
        volatile=reader.strings(("demo", "volatile"), table.get("volatile", [])),
        prices=_prices(reader, table.get("prices", {})),
        tolerance=_tolerances(reader, table.get("tolerance", {})),
        normalise=_normalised(reader, table.get("normalise", {})),
        service=reader.words(("demo", "service"), table.get("service", "")),
        line=reader.line(("demo",)),
    )


def _cassette(reader: Reader, table: dict[str, object]) -> str:
    at = ("demo", "cassette")
    path = reader.path(at, table.get("cassette", ""))
    if path and not path.endswith(".json"):
        reader.problem(at, f"`cassette` must be the path of a file `….json`, got `{path}`")
    if path and table.get("network") != "cassette":
        reader.problem(at, '`cassette` needs `network = "cassette"`')
    return path


def _redact(reader: Reader, raw: object) -> tuple[str, ...]:
    at = ("demo", "redact")
    patterns = reader.strings(at, raw)
    for pattern in patterns:
        try:
            if re.compile(pattern).match("") is not None:
                reader.problem(at, f"the pattern `{shown(pattern)}` matches the empty text, and so everywhere")
        except re.error as error:
            reader.problem(at, f"`{shown(pattern)}` is no regular expression: {error}")
    return patterns


def _prices(reader: Reader, raw: object) -> dict[str, Price]:
    found = {}
    for model, item in reader.table(("demo", "prices"), raw).items():
        at = ("demo", "prices", model)
        table = reader.table(at, item)
        reader.known(at, table, ("input_per_million", "output_per_million", "currency"))
        tokens_in, tokens_out = (
            reader.number((*at, key), table.get(key, 0.0), least=0.0) for key in ("input_per_million", "output_per_million")
        )
        found[model] = Price(tokens_in, tokens_out, reader.words((*at, "currency"), table.get("currency", "USD")))
    return found


def _server(reader: Reader, raw: object) -> Server:
    at = ("demo", "server")
    table = reader.table(at, raw)
    reader.known(at, table, ("argv", "ready", "ready_s"))
    argv = reader.argv((*at, "argv"), table.get("argv"))
    ready = reader.words((*at, "ready"), table.get("ready", "/"))
    if not ready.startswith("/"):
        reader.problem((*at, "ready"), f"`ready` must be a path that starts with `/`, got `{ready}`")
    return Server(argv, ready, reader.number((*at, "ready_s"), table.get("ready_s", 30), least=0.1))


def _requests(reader: Reader, raw: object, secrets: tuple[str, ...]) -> tuple[Request, ...]:
    found: list[Request] = []
    for index, item in enumerate(reader.items(("demo", "request"), raw)):
        at = ("demo", "request", str(index))
        table = reader.table(at, item)
        reader.known(at, table, ("id", "method", "path", "json", "headers"))
        path = reader.words((*at, "path"), table.get("path", ""))
        if not path.startswith("/"):
            reader.problem((*at, "path"), f"a request needs a `path` that starts with `/`, got `{path}`")
        method = reader.choice((*at, "method"), table.get("method", "GET"), list(METHODS))
        name = reader.slug((*at, "id"), table.get("id", f"q{index + 1}"))
        if not name or any(name == other.id for other in found):
            reader.problem((*at, "id"), f"a request needs an `id` of its own, got `{name}`")
        headers = reader.string_map((*at, "headers"), table.get("headers", {}))
        for word in (word for value in headers.values() for word in SECRET.findall(value)):
            if word not in secrets:
                reader.problem((*at, "headers"), f"a header names `{{{word}}}`, which is not among the `secrets` of [demo]")
        found.append(Request(name, path, method, table.get("json"), headers))
    return tuple(found)


def _tolerances(reader: Reader, raw: object) -> dict[str, Tolerance]:
    found = {}
    for name, item in reader.table(("demo", "tolerance"), raw).items():
        at = ("demo", "tolerance", name)
        table = reader.table(at, item)
        reader.known(at, table, ("abs", "rel"))
        if ":" not in name:
            reader.problem(at, f"a tolerance is named `file:field`, got `{name}`")
        found[name] = Tolerance(*(reader.number((*at, key), table.get(key, 0.0), least=0.0) for key in ("abs", "rel")))
    return found


def _normalised(reader: Reader, raw: object) -> dict[str, str]:
    found = {}
    for name, kind in reader.table(("demo", "normalise"), raw).items():
        at = ("demo", "normalise", name)
        file, _, field_name = name.partition(":")
        if not field_name or not file.endswith(NORMALISED):
            reader.problem(at, f"what is normalised is named `file:field`, of a file that ends in {', '.join(NORMALISED)}, got `{name}`")
        found[name] = reader.choice(at, kind, list(KINDS))
    return found


def _trust(reader: Reader, raw: object) -> tuple[TrustedKey, ...]:
    table = reader.table(("trust",), raw)
    reader.known(("trust",), table, ("keys",))
    keys = []
    for text in reader.strings(("trust", "keys"), table.get("keys", [])):
        key, _, grade = text.partition(" ")
        if not key.startswith("ed25519:") or grade not in ("", "self", "ci", "verifier"):
            reader.problem(("trust", "keys"), f"a key is `ed25519:<base64> [self|ci|verifier]`, got `{text}`")
        keys.append(TrustedKey(key, grade or "self"))
    return tuple(keys)


def _waivers(reader: Reader, raw: object) -> tuple[Waiver, ...]:
    needed = ("id", "check", "subject", "reason", "owner", "approver", "expires", "blast_radius", "retirement")
    found: list[Waiver] = []
    for index, item in enumerate(reader.items(("waiver",), raw)):
        at = ("waiver", str(index))
        table = reader.table(at, item)
        reader.known(at, table, (*needed, "starts"))
        for name in needed:
            if table.get(name, "") == "":
                reader.problem(at, f"a waiver needs `{name}`")
        texts = {name: reader.words((*at, name), table.get(name, "")) for name in needed if name != "expires"}
        if reader.slug((*at, "id"), texts["id"]) and any(texts["id"] == other.id for other in found):
            reader.problem((*at, "id"), f"a waiver needs an `id` of its own, `{texts['id']}` is taken")
        expires = reader.day((*at, "expires"), table.get("expires")) or date.min
        found.append(
            Waiver(
                id=texts["id"],
                check=texts["check"],
                subject=texts["subject"],
                reason=texts["reason"],
                owner=texts["owner"],
                approver=texts["approver"],
                starts=reader.day((*at, "starts"), table.get("starts")),
                expires=expires,
                blast_radius=texts["blast_radius"],
                retirement=texts["retirement"],
            )
        )
    return tuple(found)


def _infrastructure(reader: Reader, raw: object) -> Infrastructure:
    at = ("infrastructure",)
    table = reader.table(at, raw)
    reader.known(at, table, ("python", "tests", "skip_modules", "ttl_days", "factors", "migrate", "rollback"))
    ttl = reader.number((*at, "ttl_days"), table.get("ttl_days", 7), least=0.0)
    if ttl > 7:
        reader.problem((*at, "ttl_days"), f"`ttl_days` may shorten the 7 days of executed evidence, not lengthen them, got `{ttl:g}`")
    return Infrastructure(
        python=reader.words((*at, "python"), table.get("python", "")),
        tests=reader.argv((*at, "tests"), table["tests"]) if "tests" in table else (),
        skip_modules=reader.strings((*at, "skip_modules"), table.get("skip_modules", [])),
        ttl_days=ttl,
        factors=_factors(reader, table.get("factors")),
        migrate=reader.argv((*at, "migrate"), table["migrate"]) if "migrate" in table else (),
        rollback=reader.argv((*at, "rollback"), table["rollback"]) if "rollback" in table else (),
    )


def _factors(reader: Reader, raw: object) -> dict[str, tuple[str, ...]]:
    at = ("infrastructure", "factors")
    table = reader.table(at, raw)
    reader.known(at, table, FACTORS)
    return {name: reader.strings((*at, name), globs) for name, globs in table.items() if name in FACTORS}


def _data(reader: Reader, raw: object) -> Data:
    at = ("data",)
    table = reader.table(at, raw)
    reader.known(at, table, ("contracts", "not_data"))
    contracts = reader.strings((*at, "contracts"), table.get("contracts", list(Data().contracts)))
    return Data(contracts, reader.strings((*at, "not_data"), table.get("not_data", [])))


def _measurement(reader: Reader, raw: object) -> Measurement:
    at = ("measurement",)
    table = reader.table(at, raw)
    reader.known(at, table, ("outcomes", "stop_within_s"))
    outcomes = reader.strings((*at, "outcomes"), table.get("outcomes", list(Measurement().outcomes)))
    return Measurement(outcomes, reader.number((*at, "stop_within_s"), table.get("stop_within_s", 30), least=0.1))
