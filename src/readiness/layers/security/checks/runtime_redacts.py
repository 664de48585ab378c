"""A run gives away none of the secrets it was given: not in logs, telemetry, errors, answers, or outputs.

Proves: what reads the logs, the traces and the answers of this system learns none of its keys.
Needed above: logs and traces are kept, copied and read by many; a key in them is known to all of these.
Executed: the demo runs with a canary for each of its `secrets` and with a database password made for this run; both
are looked for in its output, in every OTLP export as it came, in its answers with their headers, and in its declared
outputs. A server is then also asked without credentials, with wrong ones and with a broken body, since errors tell most.
Twelve consecutive characters count as a leak, in any case of letters, reversed, in UTF-16, and behind up to two of: JSON
escapes, HTML references, URL encoding, base64, hex.
Cannot see: a secret the run never reads, files written without being declared, prompts sent to a model, what is sent
where the network leads, compressed or encrypted copies, hashes (which give nothing away).
Repair: log the names of settings, never their values; redact in one place, at the log handler and the span exporter.
Source: configuration dumped at start-up, and the request's headers in the error report, are how keys reach a log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.layers.security import leaks
from readiness.layers.security.leaks import Known
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world import demo as demos
from readiness.world.context import Context
from readiness.world.demo import Run

ID = "security.runtime-redacts"
PASSWORD = "the database password"  # noqa: S105  its name, not its value


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret that got out: its name, where to, and how it was encoded there (empty: as it is)."""

    name: str
    where: str
    how: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What the runs let out of what they were given; `cause` and `reason` say why that could not, or not all, be seen."""

    demo: str = ""
    given: tuple[str, ...] = ()
    leaks: tuple[Leak, ...] = ()
    places: int = 0
    cause: Cause = Cause.NONE
    reason: str = ""


def observe(context: Context) -> Observed:
    """Runs the demo, as a server also attacked, and looks through everything it let out."""
    demo, session = context.demo.demo, context.session
    given = (*demo.secrets, *([PASSWORD] if "postgres" in demo.needs else [])) if demo is not None else ()
    if demo is None or not given:
        return Observed(demos.name(demo) if demo is not None else "")
    name = demos.name(demo)
    if session.blocked is not Cause.NONE:
        return Observed(name, given, cause=session.blocked, reason=session.why_blocked)
    first = context.demo.first
    runs = [first] if demo.server is None or not first.ran.ok or not demo.requests else [first, context.demo.attacked]
    found: dict[Leak, None] = {}
    places: set[str] = set()
    for run in runs:
        known = _known(demo.secrets, run)
        for where, data in _let_out(run, server=demo.server is not None):
            places.add(where)
            found |= {Leak(secret, where, how): None for secret, how in leaks.find(known, data)}
    cause, reason = _unseen(runs)
    return Observed(name, given, tuple(found), len(places), cause, reason)


def _known(secrets: tuple[str, ...], run: Run) -> tuple[Known, ...]:
    canaries = [Known(secret, demos.canary(secret).rpartition("-")[2]) for secret in secrets]
    return (*canaries, *([Known(PASSWORD, run.database.password)] if run.database is not None else []))


def _let_out(run: Run, *, server: bool) -> Iterator[tuple[str, bytes]]:
    """Everything a run let out, each with where to."""
    log = "the server's log" if server else "standard error"
    yield "standard output" if not server else log, run.ran.stdout.encode("utf-8", "replace")
    yield log, run.ran.stderr.encode("utf-8", "replace")
    for export in run.watched.exports:
        yield f"the export to {export.path}", export.body
    for answer in run.watched.answers:
        where = f"the answer to {answer.id}" if answer.phase == "demo" else f"the answer to {answer.id}, asked {_ASKED[answer.phase]}"
        yield where, answer.headers.encode("utf-8", "replace") + b"\n" + answer.body
    for drill in run.watched.drills:
        yield "the answer while stopped", drill.body
    for path, kept in run.outputs.items():
        if path != demos.STDOUT and not (server and path.startswith("outputs/requests/")):
            yield path, kept.read_bytes()


_ASKED = {"anonymous": "without credentials", "wrong": "with wrong credentials", "broken": "with a broken body"}


def _unseen(runs: list[Run]) -> tuple[Cause, str]:
    if not runs[0].ran.ok:
        return Cause.NOT_EXERCISED, f"the demo did not run: {_ended(runs[0])}"
    for run in runs:
        if run.ran.dropped_bytes:
            return Cause.NOT_EXERCISED, f"the demo said too much to keep: {counted(run.ran.dropped_bytes, 'byte')} of it were not looked at"
        if run.watched.dropped:
            return Cause.NOT_EXERCISED, "the demo exported too much to keep, and not all of it was looked at"
        if run.watched.grpc:
            return Cause.NOT_EXERCISED, "telemetry was sent by gRPC, which is not received here, and nothing in it was looked at"
    return Cause.NONE, ""


def _ended(run: Run) -> str:
    if run.ran.timed_out:
        return "it did not end in time"
    return f"it ended with exit {run.ran.exit_code}" if run.ran.exit_code is not None else f"it died of signal {run.ran.signal}"


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for every secret that got out, at each place it got to."""
    if not observed.given:
        reason = "the demo is given no secret" if observed.demo else "there is no demo that could be given a secret"
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason=reason)
    if observed.leaks:
        return _failing(observed)
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause)
    text = f"none of {', '.join(observed.given)} in {counted(observed.places, 'place')} looked at"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, "no secret leaves the run", text)


def _failing(observed: Observed) -> Finding:
    problems = tuple(Problem(f"{leak.name} in {leak.where}", _text(leak)) for leak in observed.leaks)
    first = observed.leaks[0]
    remedy = Remedy("log names of settings, never their values, and redact at the log handler and the exporter", _command(first.name))
    notes = (f"not everything was looked at: {observed.reason}",) if observed.reason else ()
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, observed.demo, "no secret leaves the run", f"{len(problems)} found: {problems[0].text}",
        problems[0].text, Cause.PROJECT, remedy=remedy, problems=problems, notes=notes,
    )  # fmt: skip


def _text(leak: Leak) -> str:
    return f"{leak.name} is in {leak.where}{f' ({leak.how})' if leak.how else ''}"


def _command(name: str) -> str:
    return f"git grep -n {'DATABASE_URL' if name == PASSWORD else name}"
