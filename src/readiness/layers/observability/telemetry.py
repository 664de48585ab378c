"""The telemetry of a run, read once for every check: what arrived, and whether the run can be judged at all."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from readiness.config.manifest import Demo
from readiness.formats import otlp
from readiness.formats.decisions import Decision, decisions
from readiness.formats.forest import Forest
from readiness.formats.genai import innermost
from readiness.formats.otlp import Span
from readiness.layers.observability.evidence import Malformed, Seen, SeenCall, SeenDecision, SeenSource
from readiness.sequence.finding import Cause, Location
from readiness.world import demo as demos
from readiness.world.context import Context
from readiness.world.demo import Run

_PATHS: Final = ("url.path", "http.target", "http.route", "url.full", "http.url")
_ASKED: Final = "no demo is declared and none was found"


def obstacle(context: Context) -> tuple[Cause, str]:
    """Why nothing can be told of the demo's telemetry: its cause and one line; (NONE, "") where it can.

    Does not run the demo before it is known that it can be run.
    """
    demo = context.demo.demo
    if demo is None:
        return Cause.NOT_EXERCISED, _ASKED
    if context.session.blocked is not Cause.NONE:
        return context.session.blocked, context.session.why_blocked
    run = context.demo.first
    if trouble := _trouble(run, demo):
        away = run.watched.refused and not run.ran.ok  # with the network on, or another day, it may well run
        return Cause.NETWORK if away else Cause.NOT_EXERCISED, f"the demo did not run: {trouble}"
    return Cause.NONE, ""


def nothing_to_run(context: Context) -> bool:
    """Whether the project holds nothing that could be a demo: no declaration, no Python, no notebook."""
    return context.demo.demo is None and not any(path.endswith((".py", ".ipynb")) for path in context.project.paths)


def _trouble(run: Run, demo: Demo) -> str:
    ran = run.ran
    if ran.timed_out:
        return f"it was still running after {demo.timeout_s:g} s"
    if ran.signal:
        return f"it died of signal {ran.signal}"
    if not ran.ok:
        asked = ": it asks a hosted model, and the network is off" if run.watched.refused else ""
        return f"it ends with exit {ran.exit_code}{asked}"
    return f"it did not write {run.missing[0]}" if run.missing else ""


def gather(context: Context) -> Seen:
    """What the first run of the demo exported. Only where there is no obstacle."""
    run, demo = context.demo.first, context.demo.demo
    spans: list[Span] = []
    malformed: list[Malformed] = []
    lost = run.watched.dropped
    for export in run.watched.exports:
        if len(export.body) >= otlp.BODY_BYTES:
            lost += 1  # the watching program keeps no longer ones, so this one may be cut short
            continue
        try:
            batch = otlp.read(export.path, export.content_type, export.body)
        except otlp.Refused as refused:
            malformed.append(Malformed(export.path, str(refused)))
            continue
        spans += batch.spans
        malformed += [Malformed(export.path, reason) for reason in batch.rejected]
    forest = Forest(spans)
    calls = sorted(innermost(forest), key=lambda call: call.start_ns)
    tree = context.session.first.tree
    return Seen(
        len(run.watched.exports), tuple(malformed), len(forest.spans), len(_traces(forest, demo)),
        tuple(SeenCall(c.trace_id, c.span_id, c.kind, c.request_model, c.response_model, c.dialect, c.error) for c in calls),
        tuple(_seen(item, tree) for item in decisions(spans)), lost,
    )  # fmt: skip


def _traces(forest: Forest, demo: Demo | None) -> set[str]:
    """Traces, but for those that only ask a server whether it is ready, which nobody declared as a request."""
    ready = demo.server.ready if demo is not None and demo.server is not None else ""
    if demo is not None and any(request.path == ready for request in demo.requests):
        ready = ""
    return {root.trace_id for root in forest.roots() if not ready or ready not in _paths(root)}


def _paths(span: Span) -> set[str]:
    values = [value for name in _PATHS if isinstance(value := span.attributes.get(name), str)]
    return {_path_of(value) for value in values}


def _path_of(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:
        return address


def _seen(item: Decision, tree: Path) -> SeenDecision:
    path = within(item.file, tree)
    return SeenDecision(
        item.id, item.kind, item.model, item.model_version, item.prompt_version, item.confidence,
        tuple(SeenSource(within(source.name, tree) or source.name, source.digest) for source in item.sources),
        item.outcome, item.input_digest, item.experiment, item.error, item.dialect, Location(path, item.line) if path else None,
    )  # fmt: skip


def within(name: str, tree: Path) -> str:
    """A path of the project, relative to its root, where `name` is an absolute one below the tree it ran in; else empty."""
    before = f"{tree}/"
    return name.removeprefix(before) if name.startswith(before) and ".." not in name else ""


def name_of(context: Context) -> str:
    """The demo in one line; empty without one."""
    return demos.name(context.demo.demo) if context.demo.demo is not None else ""
