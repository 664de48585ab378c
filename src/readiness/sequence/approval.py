"""The approval: what one who answers for it may say yes to, as a pure function of what was judged.

Every condition caps the answer, and the answer is the lowest cap, so that nothing bad can ever improve it:

    stop                        the mode has ended
    fix the organisation first  the organization fails
    not ready                   something required fails · the organization could not be told · another mode than
                                production · a pilot has used up its 90 days · layers 1 and 2 or the organization do not
                                hold while a layer above is not proven
    pilot                       layers 1 and 2 and the organization hold, nothing required fails, and something above is
                                not proven · or nothing is open but what waivers cover, and ends with the first of them
    approve                     all five layers and the organization hold

A waiver never gives `approve`: it ends, and what rests on it ends with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from readiness.errors import EXIT_FAILS, EXIT_HOLDS, EXIT_UNKNOWN
from readiness.sequence.finding import Outcome
from readiness.sequence.layers import ORDER, Layer
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.organization import Organization
from readiness.sequence.verdict import CheckResult, LayerResult, Verdict
from readiness.sequence.waiver import Waiver

LONGEST_PILOT: Final = timedelta(days=90)


class Decision(StrEnum):
    """The answer. Of the first gate (to run), best first; then of the gate before there is code (to build)."""

    APPROVE = "approve"
    PILOT = "pilot"
    NOT_READY = "not ready"
    FIX_ORGANIZATION = "fix the organisation first"
    STOP = "stop"
    BUILD = "build"
    NOT_YET = "not yet"


RANK: Final[dict[Decision, int]] = {
    Decision.APPROVE: 4,
    Decision.PILOT: 3,
    Decision.NOT_READY: 2,
    Decision.FIX_ORGANIZATION: 1,
    Decision.STOP: 0,
    Decision.BUILD: 1,
    Decision.NOT_YET: 0,
}
"""How good an answer is, within its gate."""

ORGANIZATION: Final = "organization"
MODE: Final = "mode"
PILOT: Final = "pilot"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing between here and a yes. `area` is a layer, `organization`, `mode`, `pilot` or a condition."""

    area: str
    check: str
    outcome: Outcome
    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything an approval depends on. `pilot_since` is when the pilot began that runs."""

    verdict: Verdict
    organization: Organization
    today: date
    mode: Declaration = field(default_factory=Declaration)
    waivers: tuple[Waiver, ...] = ()
    pilot_since: date | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """The answer; `until` is the last day of a pilot; the first obstacle is the next thing to fix."""

    decision: Decision
    exit_code: int
    until: date | None = None
    obstacles: tuple[Obstacle, ...] = ()


def approve(asked: Asked) -> Approval:
    """Whether a project may go to production. Exits: 0 approve; 3 where nothing stands in the way but what is not proven."""
    obstacles = (*_stops(asked), *_organization(asked, Outcome.FAILS), *_mode(asked), *_layers(asked),
                 *_organization(asked, Outcome.UNKNOWN))  # fmt: skip
    until = _pilot_end(asked)
    decision = min((_cap(asked, obstacles), *_caps(asked)), key=RANK.__getitem__)
    if decision is Decision.PILOT and until < asked.today:
        decision = Decision.NOT_READY
        obstacles = (Obstacle(PILOT, "", Outcome.FAILS, f"the pilot ended {until}: prove the rest, or stop it"), *obstacles)
    failing = decision in (Decision.STOP, Decision.FIX_ORGANIZATION) or any(item.outcome is Outcome.FAILS for item in obstacles)
    code = EXIT_HOLDS if decision is Decision.APPROVE else EXIT_FAILS if failing else EXIT_UNKNOWN
    return Approval(decision, code, until if decision is Decision.PILOT else None, obstacles)


def _cap(asked: Asked, obstacles: tuple[Obstacle, ...]) -> Decision:
    """What the layers and what they lack allow."""
    by_layer = {layer.layer: layer.outcome for layer in asked.verdict.layers}
    outcomes = [by_layer.get(layer, Outcome.UNKNOWN) for layer in ORDER]
    organization = asked.organization.outcome
    if any(item.outcome is Outcome.FAILS for item in obstacles) or organization not in (Outcome.HOLDS, Outcome.WAIVED):
        return Decision.NOT_READY
    if all(outcome is Outcome.HOLDS for outcome in (*outcomes, organization)):
        return Decision.APPROVE
    if all(outcome in (Outcome.HOLDS, Outcome.WAIVED) for outcome in outcomes):
        return Decision.PILOT
    grounded = all(outcome is Outcome.HOLDS for outcome in (*outcomes[:2], organization))
    return Decision.PILOT if grounded else Decision.NOT_READY


def _caps(asked: Asked) -> tuple[Decision, ...]:
    found = [Decision.APPROVE]
    if asked.mode.expired(asked.today):
        found.append(Decision.STOP)
    if asked.organization.outcome is Outcome.FAILS:
        found.append(Decision.FIX_ORGANIZATION)
    if asked.mode.mode is not Mode.PRODUCTION:
        found.append(Decision.NOT_READY)
    return tuple(found)


def _pilot_end(asked: Asked) -> date:
    """The last day of a pilot: 90 days after it began, or the end of the first waiver that it rests on."""
    results = [*(check for layer in asked.verdict.layers for check in layer.checks), *asked.organization.checks]
    waived = {item.spec.id for item in results if item.required and item.finding.outcome is Outcome.WAIVED}
    ends = [item.expires for item in asked.waivers if item.check in waived and not item.invalid_reason(asked.today)]
    return min([(asked.pilot_since or asked.today) + LONGEST_PILOT, *ends])


def _stops(asked: Asked) -> tuple[Obstacle, ...]:
    if not asked.mode.expired(asked.today):
        return ()
    return (Obstacle(MODE, "", Outcome.FAILS, f"{asked.mode.mode} mode ended {asked.mode.until}: retire the project"),)


def _mode(asked: Asked) -> tuple[Obstacle, ...]:
    mode = asked.mode.mode
    if mode is Mode.PRODUCTION or asked.mode.expired(asked.today):
        return ()
    text = f"the project says it is in {mode} mode, which is never approved for production"
    return (Obstacle(MODE, "", Outcome.FAILS, text, "readiness mode production"),)


def _organization(asked: Asked, outcome: Outcome) -> tuple[Obstacle, ...]:
    found = [_obstacle(ORGANIZATION, check) for check in asked.organization.checks if check.required and check.outcome is outcome]
    if not found and asked.organization.outcome is outcome:
        found.append(Obstacle(ORGANIZATION, "", outcome, asked.organization.reason))
    return tuple(found)


def _layers(asked: Asked) -> tuple[Obstacle, ...]:
    """What every layer lacks, in the order of the sequence; what a layer that waits is seen to lack, too."""
    by_layer = {layer.layer: layer for layer in asked.verdict.layers}
    return tuple(item for layer in ORDER for item in _layer(layer, by_layer.get(layer)))


def _layer(layer: Layer, found: LayerResult | None) -> list[Obstacle]:
    if found is None:
        return [Obstacle(layer.value, "", Outcome.UNKNOWN, "it was not judged")]
    checks = [check for check in found.checks if check.required]
    lacking = [_obstacle(layer.value, check) for outcome in (Outcome.FAILS, Outcome.UNKNOWN)
               for check in checks if check.finding.outcome is outcome]  # fmt: skip
    if lacking or found.outcome in (Outcome.HOLDS, Outcome.WAIVED):
        return lacking
    if not found.checks:
        return [Obstacle(layer.value, "", Outcome.UNKNOWN, "this version has no check that could prove it")]
    if found.outcome is Outcome.WAITS and any(check.finding.outcome is Outcome.HOLDS for check in checks):
        return []  # all of it is seen to hold; what it waits for is named below
    return [Obstacle(layer.value, "", Outcome.UNKNOWN, found.reason or "nothing proven")]


def _obstacle(area: str, check: CheckResult) -> Obstacle:
    finding = check.finding
    text = finding.reason or finding.remedy.text or f"{check.spec.title}: {finding.outcome}"
    return Obstacle(area, check.spec.id, finding.outcome, text, finding.remedy.command)


BUILD_ASKS: Final = ("outcome", "baseline", "cost of being wrong", "owner", "kill authority")
"""What is asked before there is code, in the order in which the decision framework asks it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of BUILD_ASKS, with what was found of it, the command that would settle it, and the check that looked."""

    name: str
    outcome: Outcome
    text: str
    command: str = ""
    check: str = ""


def to_build(conditions: tuple[Condition, ...]) -> Approval:
    """Whether a project may be built: only where every one of BUILD_ASKS holds; one that was not looked at is unknown."""
    known = {condition.name: condition for condition in conditions}
    asked = [known.get(name, Condition(name, Outcome.UNKNOWN, "not looked at")) for name in BUILD_ASKS]
    open_ones = [item for item in asked if item.outcome is not Outcome.HOLDS]
    obstacles = tuple(Obstacle(item.name, item.check, item.outcome, item.text, item.command) for item in open_ones)
    if not obstacles:
        return Approval(Decision.BUILD, EXIT_HOLDS)
    failing = any(item.outcome is Outcome.FAILS for item in obstacles)
    return Approval(Decision.NOT_YET, EXIT_FAILS if failing else EXIT_UNKNOWN, obstacles=obstacles)
