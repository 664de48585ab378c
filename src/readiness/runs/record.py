"""`record`: runs the demo once with its credentials, and keeps what crossed the boundary as a cassette."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.config.manifest import Demo, Manifest, Price
from readiness.errors import CannotJudge, InputError, UsageError
from readiness.formats import cassette as cassettes
from readiness.formats import codings, redaction
from readiness.formats.cassette import Cassette
from readiness.formats.redaction import Redactor, Secret
from readiness.layers.infrastructure import procedure
from readiness.layers.infrastructure.cassettes import library, recording
from readiness.layers.infrastructure.cassettes.library import Found
from readiness.layers.infrastructure.cassettes.recording import Recording, Wanted
from readiness.runs import evidence
from readiness.sequence.finding import Cause
from readiness.world import demo as demos
from readiness.world import project as projects
from readiness.world.demo import DemoSession, Run
from readiness.world.explanation import shortened
from readiness.world.project import Project
from readiness.world.proxy.doors import Door
from readiness.world.proxy.upstream import Upstream
from readiness.world.sandbox import without_work_folder
from readiness.world.session import Progress, Session, silent

EXPIRES_DAYS: Final = 90
LONGEST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Options:
    """How to record: into the folder that is committed or the private one, and for how many days it counts."""

    share: bool = False
    expires_days: int = EXPIRES_DAYS


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recording would do: nothing of it is done yet. `own` are the doors whose address the user gave."""

    project: Project
    manifest: Manifest
    demo: Demo
    source: str
    doors: tuple[Door, ...]
    own: frozenset[str]
    folder: Path
    expires_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """A cassette that was written; `isolated` says whether nothing could go past the recorder."""

    plan: Plan
    path: Path
    cassette: Cassette
    isolated: bool


@dataclass(frozen=True, slots=True)
class Used:
    """What one model was asked for: requests, and the tokens that answers told; `untold` answers told none."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    untold: int = 0

    def cost(self, price: Price) -> float:
        """What that costs at a price, in its currency."""
        return (self.input_tokens * price.input_per_million + self.output_tokens * price.output_per_million) / 1e6


def plan(root: Path, options: Options, now: datetime | None = None, environment: Mapping[str, str] | None = None) -> Plan:
    """What would be run, handed over, asked and written. Raises UsageError where there is no demo, InputError for a bad manifest."""
    if not 1 <= options.expires_days <= LONGEST_DAYS:
        raise UsageError(f"a cassette expires after 1 to {LONGEST_DAYS} days, got {options.expires_days}")
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    demo, source = demos.of(project, manifest)
    if demo is None:
        raise UsageError("there is no demo to record", "readiness init")
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    user = os.environ if environment is None else environment
    doors = recording.doors(demo, user)
    own = frozenset(door.variable for door in doors if door.variable in demo.env or user.get(door.variable))
    folder = root / (library.COMMITTED if options.share else library.PRIVATE)
    return Plan(project, manifest, demo, source, doors, own, folder, moment + timedelta(days=options.expires_days), moment)


def values(demo: Demo, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The values of a demo's secrets. Raises UsageError where one is not set, or is too short to be told from other text."""
    user = os.environ if environment is None else environment
    missing = [name for name in demo.secrets if not redaction.bare(user.get(name, ""))]
    if missing:
        raise UsageError(f"not set in your environment: {', '.join(missing)}", "set what [demo] secrets names, or take it out")
    short = [name for name in demo.secrets if len(redaction.bare(user[name])) < redaction.SHORTEST_SECRET]
    if short:
        least = redaction.SHORTEST_SECRET
        raise UsageError(
            f"too short to be taken out of what is kept (fewer than {least} characters): {', '.join(short)}",
            "what is no secret belongs in env of [demo]",
        )
    return {name: user[name] for name in demo.secrets}


def record(
    planned: Plan,
    progress: Progress = silent,
    environment: Mapping[str, str] | None = None,
    upstream: Upstream | None = None,
) -> Recorded:
    """Runs the demo once and writes its cassette. Call it only with the user's consent.

    Raises CannotJudge where the demo did not run to a good end, or something of it could not be kept: nothing is then.
    """
    project, manifest, demo = planned.project, planned.manifest, planned.demo
    reach = upstream or Upstream(demo.timeout_s, codings.known())
    wanted = Wanted(planned.doors, values(demo, environment), planned.now, planned.expires_at, reach)
    made = Recording(wanted, project.id, demo)
    with closing(Session(project, procedure.discover(project, manifest), progress)) as session:
        session.counts_statements = True
        if session.blocked is not Cause.NONE:
            raise CannotJudge(f"nothing was recorded: {session.why_blocked}", "readiness check")
        run = DemoSession(project, manifest, session, made).first
        _refuse(run, made, demo)
        assert made.made is not None, "a run that ended has its cassette"
        _refuse_betrayal(made, made.made)
        path = _written(planned, made, made.made)
        return Recorded(planned, path, made.made, run.ran.isolation.network_off)


def _refuse(run: Run, made: Recording, demo: Demo) -> None:
    """Raises CannotJudge for a run of which no cassette is to be made."""
    clean, assets = made.redactor.text, made.made
    if made.troubles:
        more = f" (and {len(made.troubles) - 1} more)" if len(made.troubles) > 1 else ""
        raise CannotJudge(f"nothing was kept: {made.troubles[0]}{more}")
    if (why := _ended_badly(run, demo)) or assets is None:
        said = [line for line in without_work_folder(run.ran.stderr or run.ran.stdout).splitlines() if line.strip()]
        raise CannotJudge(f"nothing was kept, since the demo did not end well: {why}", clean(shortened(said[-1])) if said else "")
    if not assets.exchanges:
        told = _past(assets)
        raise CannotJudge(
            f"nothing was kept, since nothing crossed the boundary by HTTP{told}", "a demo that asks nobody needs no cassette"
        )


def _past(cassette: Cassette) -> str:
    reasons = [
        *(f"the client of {host} does not believe our certificate" for host in cassette.pinned),
        *cassette.unsupported,
        *([f"{cassette.strays} times something was sent past the proxy"] if cassette.strays else []),
    ]
    return f" ({'; '.join(reasons)})" if reasons else ""


def _ended_badly(run: Run, demo: Demo) -> str:
    ran = run.ran
    if ran.timed_out:
        return f"it was still running after {demo.timeout_s:g} s"
    if ran.signal:
        return f"it died of signal {ran.signal}"
    if ran.filled_disk:
        return "it filled the disk"
    if not ran.ok:
        return f"it ended with exit {ran.exit_code}"
    return f"it did not write {run.missing[0]}" if run.missing else ""


def _refuse_betrayal(made: Recording, cassette: Cassette) -> None:
    """The last look before anything is written: raises CannotJudge where a secret is still anywhere in it."""
    secrets = [Secret(name, value, redaction.REDACTED) for name, value in made.wanted.values.items()]
    for where, data in _kept(cassette, made.folder):
        if Redactor(secrets).data(data) != data:
            raise CannotJudge(f"nothing was kept: a secret would have been, in {where}", "please report this, without the secret")


def _kept(cassette: Cassette, folder: Path) -> Iterator[tuple[str, bytes]]:
    yield "the cassette's own file", cassettes.emit(cassette)
    for item in cassette.exchanges:
        for name, headers, body in (
            ("a request to", item.request.headers, item.request.body),
            ("an answer of", item.answer.headers, item.answer.body),
        ):
            if not body.digest:
                continue
            data = (folder / body.digest.removeprefix("sha256:")).read_bytes()
            yield f"{name} {item.request.host}", data
            yield f"{name} {item.request.host}", codings.plain(data, codings.layers({key.lower(): value for key, value in headers}))


def _written(planned: Plan, made: Recording, cassette: Cassette) -> Path:
    try:
        if planned.folder.name == "cassettes" and planned.folder.parent.name == ".readiness":
            evidence.ignore(planned.project.home)
        return library.write(planned.folder, cassette, made.folder)
    except OSError as error:
        raise UsageError(f"{planned.folder} cannot be written: {error.strerror}", "make it writable, or free some space") from None


def used(cassette: Cassette) -> dict[str, Used]:
    """What each model was asked for, by its name."""
    found: dict[str, Used] = {}
    for item in cassette.exchanges:
        if not item.model:
            continue
        one = found.get(item.model, Used())
        told = item.input_tokens is not None or item.output_tokens is not None
        found[item.model] = replace(
            one,
            requests=one.requests + 1,
            input_tokens=one.input_tokens + (item.input_tokens or 0),
            output_tokens=one.output_tokens + (item.output_tokens or 0),
            untold=one.untold + (not told),
        )
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Listed:
    """A cassette of a project: whether it is the one the demo is answered from, and why it does not count."""

    found: Found
    chosen: bool
    obstacle: str


def listed(root: Path, now: datetime | None = None) -> tuple[Listed, ...]:
    """The cassettes of a project, newest first."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    demo = demos.of(project, manifest)[0]
    moment = now or datetime.now(UTC)
    chosen = library.chosen(root, project.home, demo) if demo is not None else None
    return tuple(
        Listed(
            item,
            chosen is not None and item.path.resolve() == chosen.path.resolve(),
            library.obstacle(item, demo, moment) if demo is not None else "",
        )
        for item in library.listed(root, project.home)
    )


def one(root: Path, name: str, now: datetime | None = None) -> Listed:
    """The cassette of that id or beginning of one; without one, the one the demo is answered from, or the newest.

    Raises UsageError where there is none or several, InputError where its file is not believed.
    """
    items = listed(root, now)
    if name:
        items = tuple(item for item in items if item.found.id.startswith(name.removesuffix(".json")))
    picked = [item for item in items if item.chosen] or list(items[:1]) if not name else list(items)
    if len(picked) != 1:
        what = (
            f"no cassette `{name}`"
            if name and not picked
            else f"{len(picked)} cassettes begin with `{name}`"
            if name
            else "no cassette here"
        )
        raise UsageError(what, "readiness record list" if name else "readiness record")
    found = picked[0].found
    if found.cassette is None:
        raise InputError([f"{_place(found.path, root)} {found.refused}"], "bring it back with git, or record it again: readiness record")
    return picked[0]


def _place(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
