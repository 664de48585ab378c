"""Every decision carries the version of its model, the sources it looked at, and its confidence.

Proves: of each answer it can be said later what gave it, on what grounds, and how sure it was.
Needed above: calibration, error rates by version and the cost of being wrong are computed from these.
Executed: the demo runs once with a receiver of OTLP/HTTP. A decision is a span with `readiness.decision.kind`; in traces
without one, the outermost span of a chain, an agent or a model call, in OpenTelemetry's, OpenLLMetry's and OpenInference's
conventions, with what is known of it. An abstention, for which a model was asked, needs no sources. A refusal and a
fallback, decided without a model, need neither sources nor confidence, and a version only where they name a model. A
source that names a file of the project must exist.
Cannot see: whether a confidence is justified, whether a source was really read by the model, and whether a model was
asked before a refusal that names none.
Repair: wrap the answer in `with readiness.decision(...)`, and state version, sources and confidence there.
Source: systems that are confidently wrong, and teams that cannot say which version answered.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from readiness.layers.observability import telemetry
from readiness.layers.observability.evidence import SeenDecision
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world.context import Context

ID = "observability.decisions-carry-context"

_CONSTANT_FROM = 5
"""How many different decisions of one confidence are worth a note."""
_FRAGMENT = re.compile(r"(?:#.*|:\d+(?:-\d+)?)$", re.DOTALL)
_FILE = re.compile(r"(?:[^\s/:*?<>|]+/)+[^\s/:*?<>|]+\.[A-Za-z0-9]{1,8}")
_SNIPPET = (
    'with readiness.decision("answer", model=…, model_version=…) as d: d.source(name); d.confidence(0.8); d.output(text), '
    "or the attributes readiness.decision.* on a span of your own"
)


@dataclass(frozen=True, slots=True)
class Observed:
    """The decisions that were seen; `absent` names sources that are files of the project and are not there, `unread` those
    that are there and were not read. `cause` and `reason` say why nothing was seen."""

    demo: str = ""
    nothing: bool = False
    cause: Cause = Cause.NONE
    reason: str = ""
    exports: int = 0
    spans: int = 0
    decisions: tuple[SeenDecision, ...] = ()
    absent: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    location: Location | None = None


def observe(context: Context) -> Observed:
    """Runs the demo once, and reads which decisions it made on what."""
    name = telemetry.name_of(context)
    cause, reason = telemetry.obstacle(context)
    if cause is not Cause.NONE:
        return Observed(name, telemetry.nothing_to_run(context), cause, reason)
    demo, seen, run = context.demo.demo, telemetry.gather(context), context.demo.first
    assert demo is not None, "without a demo there is an obstacle"
    paths, tree = context.project.paths, context.session.first.tree
    made = {*run.outputs, *run.created, *run.changed}
    named = sorted({_FRAGMENT.sub("", source.name).removeprefix("./") for item in seen.decisions for source in item.sources})
    folders = {parent for path in paths for parent in _parents(path)}
    return Observed(
        name, False, cause, reason, seen.exports, seen.spans, seen.decisions,
        tuple(path for path in named if _names_a_file(path, folders) and path not in made and not _is_there(tree, path)),
        tuple(path for path in named if run.reads is not None and path in paths and path not in run.reads),
        Location(context.demo.source, demo.line if context.demo.source == "readiness.toml" else 1),
    )  # fmt: skip


def _parents(path: str) -> list[str]:
    steps = path.split("/")
    return ["/".join(steps[:length]) for length in range(1, len(steps))]


def _names_a_file(name: str, folders: set[str]) -> bool:
    """Whether a source can be nothing but a file of the project: a path with an ending, in a folder that is there."""
    return bool(_FILE.fullmatch(name)) and name.rpartition("/")[0] in folders


def _is_there(tree: Path, path: str) -> bool:
    """Whether the demo found such a file: one of the repository, or one that setting up made. True where nobody can tell."""
    try:
        return ".." in path or (tree / path).exists()
    except OSError:
        return True


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where decisions lack something, or where spans arrive and no decision is among them."""
    if observed.nothing:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="there is nothing to run")
    if not observed.demo:
        return no_finding(ID, observed.reason, observed.cause, Remedy("say what the demo is: [demo] in readiness.toml", "readiness init"))
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause, Remedy("make the demo run", "readiness check --only recreates-elsewhere"))
    if not observed.spans:
        text = "no span arrived, so no decision was seen"
        return no_finding(ID, text, Cause.NOT_EXERCISED, Remedy("export spans first", "readiness check --only traces-complete"))
    made = [item for item in observed.decisions if not item.error]
    if not observed.decisions:
        reason = f"{counted(observed.spans, 'span')} arrived, and no decision among them"
        return _failed(observed, (Problem("decisions", reason, observed.location),), ())
    problems, notes = (*_lacking(observed, made), *_absent(observed)), _notes(observed, made)
    if problems:
        return _failed(observed, problems, notes)
    if not any(_asked_a_model(item) for item in made):
        reason = f"each of {counted(len(observed.decisions), 'decision')} ended in an error, a refusal or a fallback"
        return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("let the demo answer at least once"))
    text = f"{counted(len(made), 'decision')} with version, sources and confidence"
    return Finding(
        ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, "version, sources and confidence of each", text, notes=(*notes, _example(made))
    )


def _example(made: list[SeenDecision]) -> str:
    """One real decision in a line, the first that rests on something."""
    item = next((found for found in made if found.sources), made[0])
    named = ", ".join(source.name for source in item.sources[:2]) or "nothing"
    more = f" and {len(item.sources) - 2} more" if len(item.sources) > 2 else ""
    sure = f", {item.confidence:.2f} sure" if item.confidence is not None else ""
    return f"for example {item.id}: {item.outcome or item.kind} by {item.model} {item.model_version}{sure}, from {named}{more}"


def _asked_a_model(item: SeenDecision) -> bool:
    return item.outcome not in ("refused", "fallback")


def _lacking(observed: Observed, made: list[SeenDecision]) -> list[Problem]:
    answered = [item for item in made if _asked_a_model(item)]
    by_model = [item for item in made if _asked_a_model(item) or item.model]
    sourced = [item for item in answered if item.outcome != "abstained"]
    kinds = (
        ("model version", by_model, "{} no model version", [item for item in by_model if not item.model_version]),
        ("sources", sourced, "{} no source", [item for item in sourced if not item.sources]),
        ("confidence", answered, "{} no confidence", [item for item in answered if item.confidence is None]),
        ("confidence range", made, "{} a confidence that is no number from 0 to 1", [item for item in made if _is_off(item)]),
    )
    return [
        Problem(
            subject, f"{len(lacking)} of {counted(len(among), 'decision')} {_told(text, lacking)}", lacking[0].location or observed.location
        )
        for subject, among, text, lacking in kinds
        if lacking
    ]


def _told(text: str, lacking: list[SeenDecision]) -> str:
    return text.format("names" if len(lacking) == 1 else "name")


def _is_off(item: SeenDecision) -> bool:
    return item.confidence is not None and not 0 <= item.confidence <= 1  # what is no number is not between them either


def _absent(observed: Observed) -> list[Problem]:
    return [Problem(path, f"a decision names {path} as a source, and there is no such file", observed.location) for path in observed.absent]


def _failed(observed: Observed, problems: tuple[Problem, ...], notes: tuple[str, ...]) -> Finding:
    text = problems[0].text + (f", and {len(problems) - 1} more" if len(problems) > 1 else "")
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, observed.demo, "version, sources and confidence of each decision", text, problems[0].text,
        Cause.PROJECT, problems[0].location, Remedy(_SNIPPET, "readiness check --only decisions-carry-context"), problems, notes,
    )  # fmt: skip


def _notes(observed: Observed, made: list[SeenDecision]) -> tuple[str, ...]:
    notes = []
    if failed := len(observed.decisions) - len(made):
        notes.append(f"{counted(failed, 'decision')} ended in an error and {'is' if failed == 1 else 'are'} not judged")
    stated = [item for item in made if item.confidence is not None and not math.isnan(item.confidence)]
    different = {item.input_digest or item.id for item in stated}
    if len(different) >= _CONSTANT_FROM and len({item.confidence for item in stated}) == 1:
        notes.append(f"{len(different)} different decisions state the same confidence, {stated[0].confidence:g}")
    if observed.unread:
        notes.append(
            f"named as a source and not seen to be read: {', '.join(observed.unread[:3])}{' …' if len(observed.unread) > 3 else ''}"
        )
    return tuple(notes)
