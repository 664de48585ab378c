"""Every call of a model and every request leaves a span that arrives.

Proves: what the system does can be seen from outside, while it does it.
Needed above: an outcome cannot be measured, nor a mistake explained, by what nobody recorded.
Executed: the demo runs once with a receiver of OTLP/HTTP at the address it is given. What arrives must parse. Calls of
models are counted where they leave the demo, and compared with the spans of model calls, each counted once however many
instrumentations told of it. Each request to a server must lead to a trace or a decision of its own.
Cannot see: models inside the process, calls that do not go to OPENAI_BASE_URL, exports over gRPC; a call that failed and
was tried again within one span is not asked for twice.
Repair: set up OpenTelemetry before the first call, and flush it when the process ends.
Source: OpenTelemetry's conventions for generative AI; instrumentations that do not know a client, or lose the last batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from readiness.layers.observability import counting, declaring, telemetry
from readiness.layers.observability.counting import Asked, Missing
from readiness.layers.observability.evidence import Seen
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted, times
from readiness.world.context import Context
from readiness.world.watched import ModelCall

ID = "observability.traces-complete"

_GRPC = "opentelemetry-exporter-otlp-proto-grpc"
_HTTP = "opentelemetry-exporter-otlp-proto-http"
_NEEDED = ("opentelemetry-sdk", _HTTP)


@dataclass(frozen=True, slots=True)
class Observed:
    """What arrived, what was asked for, and how many requests were answered; `cause` and `reason` say why nothing was seen.

    `boundary` is False where calls of models could leave unseen. `grpc` says that the demo exports over gRPC for all that
    is known, `installed` that it has what it takes to export over HTTP, `declare` is the command by which
    it would get that.
    """

    demo: str = ""
    nothing: bool = False
    cause: Cause = Cause.NONE
    reason: str = ""
    seen: Seen = field(default_factory=Seen)
    asked: tuple[Asked, ...] = ()
    boundary: bool = True
    requests: int = 0
    server: bool = False
    grpc: bool = False
    installed: bool = False
    declare: str = ""
    location: Location | None = None


def observe(context: Context) -> Observed:
    """Runs the demo once, and reads what it exported and whom it asked."""
    name = telemetry.name_of(context)
    cause, reason = telemetry.obstacle(context)
    if cause is not Cause.NONE:
        return Observed(name, telemetry.nothing_to_run(context), cause, reason)
    run, demo, packages = context.demo.first, context.demo.demo, context.session.first.packages
    assert demo is not None, "without a demo there is an obstacle"
    watched = run.watched
    grpc = watched.grpc or (_GRPC in packages and (_HTTP not in packages or "StatusCode." in run.ran.said))
    return Observed(
        name, False, cause, reason, telemetry.gather(context), _asked(watched.calls), watched.boundary,
        sum(answer.phase == "demo" for answer in watched.answers), demo.server is not None, grpc, _HTTP in packages,
        declaring.command(context.project, context.session.procedure, _NEEDED),
        Location(context.demo.source, demo.line if context.demo.source == "readiness.toml" else 1),
    )  # fmt: skip


def _asked(calls: tuple[ModelCall, ...]) -> tuple[Asked, ...]:
    made: Counter[tuple[str, str]] = Counter()
    answered: Counter[tuple[str, str]] = Counter()
    for call in calls:
        place = (call.model, call.path.partition("?")[0])
        made[place] += 1
        answered[place] += call.status is not None and call.status < 400
    return tuple(Asked(*place, made[place], answered[place]) for place in sorted(made))


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where nothing arrives, where it cannot be read, or where calls or requests are missing among the spans."""
    if observed.nothing:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="there is nothing to run")
    if not observed.demo:
        return no_finding(ID, observed.reason, observed.cause, Remedy("say what the demo is: [demo] in readiness.toml", "readiness init"))
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause, Remedy("make the demo run", "readiness check --only recreates-elsewhere"))
    if not observed.seen.exports and observed.grpc:
        text = "the demo seems to export over gRPC, which this version does not receive"
        return no_finding(ID, text, Cause.TOOL, Remedy("export over HTTP while it is judged: OTEL_EXPORTER_OTLP_PROTOCOL is given"))
    compared = counting.count(observed.asked, observed.seen.calls)
    # Where nothing arrived at all, that is the one fault.
    sure = [item for item in compared.missing if not item.others and observed.seen.exports]
    problems = (*_unread(observed), *_absent(observed), *(_missing(item, observed.location) for item in sure), *_unanswered(observed))
    if problems:
        return _failed(observed, problems)
    if compared.missing:
        return no_finding(ID, _unsure(compared.missing[0]), Cause.NOT_EXERCISED, Remedy("name in the span the model that is asked for"))
    text = f"{counted(observed.seen.spans, 'span')} in {counted(observed.seen.traces, 'trace')}{_calls_text(observed)}"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, _expected(observed), text, notes=_notes(observed, compared.surplus))


def _unread(observed: Observed) -> Iterator[Problem]:
    for (path, reason), count in Counter((item.path, item.reason) for item in observed.seen.malformed).items():
        often = f", {count} times" if count > 1 else ""
        yield Problem(f"{path}: {reason}", f"an export to {path} cannot be read: {reason}{often}", observed.location)


def _absent(observed: Observed) -> Iterator[Problem]:
    seen = observed.seen
    if not seen.exports:
        ended = ", not even when the server was ended" if observed.server else ""
        yield Problem("exports", f"nothing arrived at the address in OTEL_EXPORTER_OTLP_ENDPOINT{ended}", observed.location)
    elif not seen.spans and not seen.malformed:
        yield Problem("spans", f"{counted(seen.exports, 'export')} arrived, and no span among them", observed.location)


def _missing(item: Missing, location: Location | None) -> Problem:
    asked = item.asked
    failed = f", {asked.made - asked.answered} of them failed" if asked.made > asked.answered else ""
    seen = f"{counted(item.seen, 'span')} of at least {asked.needed}"
    text = f"{asked.named} was called {times(asked.made)} at {asked.endpoint}{failed}; {seen}"
    return Problem(f"{asked.named} {asked.endpoint}", text, location)


def _unanswered(observed: Observed) -> Iterator[Problem]:
    seen = observed.seen
    left = max(seen.traces, len(seen.decisions))
    if seen.spans and left < observed.requests:
        yield Problem("requests", f"{left} of {counted(observed.requests, 'request')} left a trace", observed.location)


def _failed(observed: Observed, problems: tuple[Problem, ...]) -> Finding:
    notes = _notes(observed, 0)
    if observed.seen.lost and not observed.seen.malformed:
        text = f"{problems[0].text}, but {counted(observed.seen.lost, 'export')} came that could not be kept whole"
        return no_finding(ID, text, Cause.TOOL, Remedy("let the demo export less, in smaller batches"))
    if observed.seen.exports or observed.server:
        notes = (*notes, "a batch is lost where a process ends, by SIGTERM too, without flushing it")
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, observed.demo, _expected(observed), _short(problems), problems[0].text, Cause.PROJECT,
        observed.location, _remedy(observed), problems, notes,
    )  # fmt: skip


def _remedy(observed: Observed) -> Remedy:
    if observed.seen.malformed:
        return Remedy("let an OpenTelemetry SDK write the exports: declare it, and install from the lock", observed.declare)
    if not observed.seen.exports:
        text = (
            "export to OTEL_EXPORTER_OTLP_ENDPOINT, which the demo is given: `readiness.setup()` at its start, or opentelemetry-instrument"
        )
        if observed.installed:
            return Remedy(text, "readiness check --only traces-complete")
        return Remedy(f"declare OpenTelemetry, install from the lock, then {text}", observed.declare)
    text = "instrument every client of a model, and flush the tracer provider when the process ends"
    return Remedy(text, "readiness check --only traces-complete")


def _unsure(item: Missing) -> str:
    others = ", ".join(item.others[:3])
    short = f"{item.asked.named} was called {times(item.asked.made)} and {counted(item.seen, 'span')} names it"
    return f"{short}; spans of {others} may be the same calls under another name, or others"


def _short(problems: tuple[Problem, ...]) -> str:
    return problems[0].text + (f", and {len(problems) - 1} more" if len(problems) > 1 else "")


def _expected(observed: Observed) -> str:
    made = sum(item.made for item in observed.asked)
    return f"a span for each of {counted(made, 'model call')}" if made else "the spans of the demo"


def _calls_text(observed: Observed) -> str:
    made = sum(item.made for item in observed.asked)
    called = f", {counted(made, 'model call')} at the boundary, each seen" if made else ""
    return called + (f", {counted(observed.requests, 'request')}" if observed.requests else "")


def _notes(observed: Observed, surplus: int) -> tuple[str, ...]:
    notes = []
    if not observed.boundary:
        notes.append("the demo has the network, so its calls of models were not counted; give OPENAI_BASE_URL in env of [demo]")
    elif surplus:
        notes.append(f"{counted(surplus, 'span')} of model calls beyond those at the boundary: models inside the process, or told twice")
    return tuple(notes)
