"""The verdict: a pure function of the catalogue, the evidence, the waivers, the mode, the stakes and the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from readiness.sequence.check import CheckSpec
from readiness.sequence.evidence import Digest, Evidence, stale_reason
from readiness.sequence.finding import SEVERITY, Basis, Cause, Finding, Outcome, Remedy
from readiness.sequence.layers import ORDER, TITLES, Layer
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.stakes import Stakes
from readiness.sequence.waiver import WARN_AHEAD, Waiver, apply


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a verdict depends on.

    `upto` ends the judgement at a layer, `only` narrows it to named checks; both narrow the question and never
    soften the answer to it.
    """

    specs: tuple[CheckSpec, ...]
    evidence: Mapping[str, Evidence]
    tree: Digest
    now: datetime
    mode: Declaration = field(default_factory=Declaration)
    stakes: Stakes = Stakes.ANNOYANCE
    waivers: tuple[Waiver, ...] = ()
    upto: Layer = Layer.MEASUREMENT
    only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check in its layer. `outcome` is `waits` where a lower layer does not hold; the finding stays visible."""

    spec: CheckSpec
    required: bool
    outcome: Outcome
    finding: Finding
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class LayerResult:
    """A layer: the worst of its required checks. `claimed` when everything that holds was only declared."""

    layer: Layer
    outcome: Outcome
    claimed: bool
    asked: bool
    reason: str
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class Next:
    """The one thing to do now: the check that blocks, why, and the command that helps."""

    check: str
    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the project really is. `exit_code`: 0 holds, 1 something required fails, 3 could not judge."""

    layer_held: int
    outcome: Outcome
    exit_code: int
    next: Next | None
    layers: tuple[LayerResult, ...]
    warnings: tuple[str, ...] = ()


def judge(case: Case) -> Verdict:
    """The verdict on a case. In production no layer is judged above one that neither holds nor is waived.

    Another mode skips layers on purpose; what it asks for are conditions side by side, and none waits for another.
    """
    layers: list[LayerResult] = []
    open_above = True
    for layer in ORDER[: case.upto.number]:
        result = _layer(case, layer, open_above or case.mode.mode is not Mode.PRODUCTION)
        layers.append(result)
        open_above = open_above and (not result.asked or result.outcome in (Outcome.HOLDS, Outcome.WAIVED))
    outcome = _overall(case, layers)
    exit_code = {Outcome.FAILS: 1, Outcome.UNKNOWN: 3}.get(outcome, 0)
    # a few checks that hold are no layer, and neither is what is asked of something to be thrown away or retired
    held = 0 if case.only or case.mode.mode in (Mode.PROTOTYPE, Mode.CRISIS) else _held(layers)
    return Verdict(held, outcome, exit_code, _next(case, layers), tuple(layers), _warnings(case))


def _layer(case: Case, layer: Layer, judged: bool) -> LayerResult:
    checks = tuple(result_of(case, spec, judged) for spec in case.specs if _in_question(case, spec, layer))
    required = [check for check in checks if check.required]
    asked = _asked(case, required)
    if not judged:
        return LayerResult(layer, Outcome.WAITS, False, asked, "waits on the layer below", checks)
    outcome, claimed, reason = worst_of(required)
    return LayerResult(layer, outcome, claimed, asked, reason, checks)


def worst_of(required: list[CheckResult]) -> tuple[Outcome, bool, str]:
    """The worst outcome of checks, whether what holds was only declared, and a reason where the checks do not say it."""
    decisive = [check for check in required if check.outcome is not Outcome.NOT_APPLICABLE]
    worst = min((check.outcome for check in decisive), key=SEVERITY.__getitem__, default=Outcome.UNKNOWN)
    holding = [check for check in decisive if check.outcome is Outcome.HOLDS]
    if worst is not Outcome.FAILS and not holding:
        return Outcome.UNKNOWN, False, "nothing proven"
    claimed = bool(holding) and all(check.finding.basis is Basis.DECLARED for check in holding)
    if claimed and worst in (Outcome.HOLDS, Outcome.WAIVED):
        return Outcome.UNKNOWN, True, "claimed: declared, never executed"
    return worst, claimed, ""


def _in_question(case: Case, spec: CheckSpec, layer: Layer) -> bool:
    return spec.layer is layer and (spec.id in case.only if case.only else spec.looked_at(case.mode.mode))


def _asked(case: Case, required: list[CheckResult]) -> bool:
    # Production asks every layer; another mode asks its own checks; a named check asks only its own layer.
    if case.only or case.mode.mode is not Mode.PRODUCTION:
        return bool(required)
    return True


def result_of(case: Case, spec: CheckSpec, judged: bool) -> CheckResult:
    """One check of a case: its evidence where that counts, with the waivers applied; `waits` where it is not judged."""
    required = spec.id in case.only or spec.required(case.mode.mode, case.stakes)
    evidence = case.evidence.get(spec.id)
    if evidence is None:
        finding = Finding(spec.id, Outcome.UNKNOWN, Basis.EXECUTED, reason="not executed", cause=Cause.NOT_EXERCISED)
    elif stale := stale_reason(evidence, case.tree, case.now):
        reason = f"evidence {stale}"
        finding = Finding(spec.id, Outcome.UNKNOWN, Basis.EXECUTED, reason=reason, cause=Cause.NOT_EXERCISED)
        evidence = None
    elif evidence.finding.outcome in (Outcome.WAITS, Outcome.WAIVED):
        # These are said of checks by judging them; evidence that says so proves nothing.
        reason = f"evidence says `{evidence.finding.outcome}`, which no check can find"
        finding = replace(evidence.finding, outcome=Outcome.UNKNOWN, reason=reason)
    else:
        finding = evidence.finding
    finding, used = apply(finding, case.waivers, case.now.date())
    if used:
        finding = replace(finding, notes=(*finding.notes, f"waived by {used}"))
    return CheckResult(spec, required, finding.outcome if judged else Outcome.WAITS, finding, evidence)


def _overall(case: Case, layers: list[LayerResult]) -> Outcome:
    if case.mode.mode is not Mode.PRODUCTION and (case.mode.until is None or case.mode.expired(case.now.date())):
        return Outcome.FAILS
    asked = [layer for layer in layers if layer.asked]
    judged = [layer.outcome for layer in asked if layer.outcome is not Outcome.WAITS]
    if Outcome.FAILS in judged:
        return Outcome.FAILS
    if not asked or Outcome.UNKNOWN in judged:
        return Outcome.UNKNOWN
    return Outcome.WAIVED if Outcome.WAIVED in judged else Outcome.HOLDS


def _held(layers: list[LayerResult]) -> int:
    held = 0
    for layer in layers:
        if layer.outcome is not Outcome.HOLDS:
            break
        held = layer.layer.number
    return held


def _next(case: Case, layers: list[LayerResult]) -> Next | None:
    if case.mode.mode is not Mode.PRODUCTION:
        if case.mode.until is None:
            return Next("", f"{case.mode.mode} mode names no end: set `until` in [project]")
        if case.mode.expired(case.now.date()):
            return Next("", f"{case.mode.mode} mode ended {case.mode.until}: retire the project or take it to production")
    for layer in layers:
        if layer.outcome in (Outcome.FAILS, Outcome.UNKNOWN) and layer.asked:
            return _blocker(layer)
    return None


def _blocker(layer: LayerResult) -> Next:
    for outcome in (Outcome.FAILS, Outcome.UNKNOWN):
        for check in layer.checks:
            if check.required and check.outcome is outcome:
                finding = check.finding
                return Next(check.spec.id, finding.remedy.text or finding.reason, finding.remedy.command)
    if not layer.checks:
        text = f"layer {layer.layer.number}, {TITLES[layer.layer].lower()}: this version has no check that could prove it"
        return Next("", text)
    if all(check.outcome is Outcome.NOT_APPLICABLE for check in layer.checks):
        return Next("", f"layer {layer.layer.number}, {TITLES[layer.layer].lower()}: no check of it applies here, so nothing is proven")
    return Next("", f"{TITLES[layer.layer].lower()}: {layer.reason}")


def _warnings(case: Case) -> tuple[str, ...]:
    today = case.now.date()
    texts = []
    for waiver in case.waivers:
        reason = waiver.invalid_reason(today)
        if reason:
            texts.append(f"waiver {waiver.id} for {waiver.check} does not count: {reason}")
        elif waiver.expires - today <= WARN_AHEAD:
            texts.append(f"waiver {waiver.id} for {waiver.check} ends {waiver.expires}, in {(waiver.expires - today).days} days")
    until = case.mode.until
    if until is not None and not case.mode.expired(today) and until - today <= WARN_AHEAD:
        texts.append(f"{case.mode.mode} mode ends {until}, in {(until - today).days} days")
    return tuple(texts)


def no_finding(check: str, reason: str, cause: Cause, remedy: Remedy | None = None) -> Finding:
    """A finding that says `unknown` because observing was not possible, with the reason."""
    return Finding(check, Outcome.UNKNOWN, Basis.EXECUTED, reason=reason, cause=cause, remedy=remedy or Remedy())
