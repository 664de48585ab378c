"""The approval: which answer what gives, and that nothing bad ever makes it better."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.sequence import organization as condition
from readiness.sequence.approval import BUILD_ASKS, RANK, Approval, Asked, Condition, Decision, approve, to_build
from readiness.sequence.check import CheckSpec, Cost
from readiness.sequence.finding import Basis, Outcome
from readiness.sequence.layers import ORDER, Layer
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.verdict import Case, judge
from tests.sequence.cases import RESEARCH, TODAY, case, evidence, finding, spec, waiver

TWO = {layer: (spec("first", layer), spec("second", layer)) for layer in ORDER}
LAYERS = tuple(item for pair in TWO.values() for item in pair)
OWNER, STOPPED = (CheckSpec(f"organization.{name}", None, name, Cost.STATIC, "tests.nowhere") for name in ("owner", "stopped"))
SPECS = (*LAYERS, OWNER, STOPPED)
IDS = tuple(item.id for item in SPECS)
BAD = (Outcome.FAILS, Outcome.UNKNOWN)


def asked(told: Case, **changes: object) -> Asked:
    verdict = judge(replace(told, specs=tuple(item for item in told.specs if item.layer), upto=Layer.MEASUREMENT))
    organization = condition.judge(replace(told, specs=tuple(item for item in told.specs if item.layer is None)))
    found = Asked(verdict, organization, TODAY, told.mode, told.waivers)
    return replace(found, **changes)  # type: ignore[arg-type]


def decide(told: Case, **changes: object) -> Approval:
    return approve(asked(told, **changes))


def holding(*findings: object, mode: Declaration | None = None) -> Case:
    return case(*findings, specs=SPECS, mode=mode)  # type: ignore[arg-type]


def test_all_that_holds_is_approved() -> None:
    assert decide(holding()) == Approval(Decision.APPROVE, 0)


@pytest.mark.parametrize("layer", [Layer.DATA, Layer.OBSERVABILITY, Layer.MEASUREMENT])
@pytest.mark.parametrize("how", ["unknown", "claimed", "no check", "no evidence"])
def test_a_pilot_where_only_a_layer_above_the_second_is_not_proven(layer: Layer, how: str) -> None:
    first, second = TWO[layer]
    told = holding()
    if how == "unknown":
        told = holding(finding(first.id, Outcome.UNKNOWN))
    elif how == "claimed":
        told = holding(*(finding(item.id, basis=Basis.DECLARED) for item in (first, second)))
    elif how == "no check":
        told = replace(told, specs=tuple(item for item in SPECS if item.layer is not layer))
    else:
        told = replace(told, evidence={name: found for name, found in told.evidence.items() if name != first.id})
    found = decide(told)
    assert (found.decision, found.exit_code, found.until) == (Decision.PILOT, 3, TODAY + timedelta(days=90))
    assert found.obstacles[0].area == layer.value


@pytest.mark.parametrize("layer", [Layer.INFRASTRUCTURE, Layer.SECURITY])
def test_no_pilot_where_a_layer_below_the_third_is_not_proven(layer: Layer) -> None:
    found = decide(holding(finding(TWO[layer][0].id, Outcome.UNKNOWN)))
    assert (found.decision, found.exit_code, found.obstacles[0].check) == (Decision.NOT_READY, 3, TWO[layer][0].id)


@pytest.mark.parametrize("layer", ORDER)
def test_what_fails_anywhere_is_named_even_where_its_layer_waits(layer: Layer) -> None:
    found = decide(holding(finding(TWO[Layer.DATA][0].id, Outcome.UNKNOWN), finding(TWO[layer][1].id, Outcome.FAILS)))
    assert (found.decision, found.exit_code) == (Decision.NOT_READY, 1)
    assert TWO[layer][1].id in [item.check for item in found.obstacles]


def test_an_organization_that_fails_comes_first() -> None:
    found = decide(holding(finding(OWNER.id, Outcome.FAILS), finding(TWO[Layer.INFRASTRUCTURE][0].id, Outcome.FAILS)))
    assert (found.decision, found.obstacles[0].check) == (Decision.FIX_ORGANIZATION, OWNER.id)


@pytest.mark.parametrize("how", ["unknown", "claimed", "no check"])
def test_an_organization_that_is_not_known_is_never_approved_nor_blamed(how: str) -> None:
    if how == "unknown":
        told = holding(finding(STOPPED.id, Outcome.UNKNOWN))
    elif how == "claimed":
        told = holding(*(finding(item.id, basis=Basis.DECLARED) for item in (OWNER, STOPPED)))
    else:
        told = replace(holding(), specs=LAYERS)
    found = decide(told)
    assert (found.decision, found.exit_code, found.obstacles[0].area) == (Decision.NOT_READY, 3, "organization")


@pytest.mark.parametrize("check", [TWO[Layer.INFRASTRUCTURE][0].id, TWO[Layer.DATA][1].id, OWNER.id])
def test_what_a_waiver_covers_is_a_pilot_that_ends_with_it(check: str) -> None:
    accepted = waiver(check, "app.py", days=30)
    found = decide(replace(holding(finding(check, Outcome.FAILS)), waivers=(accepted, waiver(IDS[-1], "else", days=5))))
    assert (found.decision, found.until) == (Decision.PILOT, accepted.expires)


def test_a_waiver_below_the_third_layer_allows_no_pilot_on_top_of_what_is_not_proven() -> None:
    low, high = TWO[Layer.SECURITY][0].id, TWO[Layer.DATA][0].id
    told = holding(finding(low, Outcome.FAILS), finding(high, Outcome.UNKNOWN))
    assert decide(replace(told, waivers=(waiver(low, "app.py"),))).decision is Decision.NOT_READY


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.PRODUCTION])
def test_no_other_mode_is_ever_approved(mode: Mode) -> None:
    found = decide(holding(mode=replace(RESEARCH, mode=mode)))
    assert (found.decision, found.exit_code) == (Decision.NOT_READY, 1)
    assert "readiness mode production" in [item.command for item in found.obstacles]


def test_a_mode_that_ended_stops_it() -> None:
    ended = replace(RESEARCH, until=TODAY - timedelta(days=1))
    found = decide(holding(mode=ended))
    assert (found.decision, found.exit_code, found.obstacles[0].area) == (Decision.STOP, 1, "mode")


@pytest.mark.parametrize(("days", "decision"), [(0, Decision.PILOT), (90, Decision.PILOT), (91, Decision.NOT_READY)])
def test_a_pilot_is_not_begun_anew_by_asking_again(days: int, decision: Decision) -> None:
    told = holding(finding(TWO[Layer.DATA][0].id, Outcome.UNKNOWN))
    found = decide(told, pilot_since=TODAY - timedelta(days=days))
    assert found.decision is decision
    assert found.until in (None, TODAY + timedelta(days=90 - days))


# Whatever the case


@st.composite
def worlds(draw: st.DrawFn) -> Case:
    """Any case over five layers and the organization, where most holds, with waivers for some of what does not."""
    broken = draw(st.dictionaries(st.sampled_from(IDS), st.tuples(st.sampled_from(BAD), st.booleans(), st.sampled_from(Basis)), max_size=4))
    declared = draw(st.lists(st.sampled_from(IDS), max_size=6))
    told = {name: finding(name, basis=Basis.DECLARED) for name in declared}
    told |= {name: finding(name, outcome, basis=basis) for name, (outcome, _, basis) in broken.items()}
    dropped = draw(st.sampled_from([(), (), (), *([item] for item in ORDER), [None]]))
    found = holding(*told.values(), mode=draw(st.sampled_from((Declaration(), Declaration(), RESEARCH))))
    waivers = tuple(waiver(name, "app.py", days=draw(st.integers(1, 90))) for name, (_, waived, _) in broken.items() if waived)
    return replace(found, waivers=waivers, specs=tuple(item for item in SPECS if item.layer not in dropped))


@given(worlds(), st.sampled_from(IDS), st.sampled_from(BAD), st.booleans())
def test_a_finding_that_fails_or_is_unknown_never_improves_it(told: Case, check: str, outcome: Outcome, known: bool) -> None:
    worse = dict(told.evidence) | {check: evidence(finding(check, outcome))}
    if not known:
        del worse[check]
    uncovered = tuple(item for item in told.waivers if item.check != check)
    before, after = decide(replace(told, waivers=uncovered)), decide(replace(told, evidence=worse, waivers=uncovered))
    old = told.evidence[check].finding.outcome
    if not (old is Outcome.FAILS and (outcome is Outcome.UNKNOWN or not known)):
        assert RANK[after.decision] <= RANK[before.decision]


@given(worlds())
def test_only_what_holds_whole_is_approved_and_every_other_answer_says_what_lacks(told: Case) -> None:
    found, seen = decide(told), asked(told)
    outcomes = [layer.outcome for layer in seen.verdict.layers] + [seen.organization.outcome]
    everything = all(outcome is Outcome.HOLDS for outcome in outcomes) and told.mode.mode is Mode.PRODUCTION
    assert (found.decision is Decision.APPROVE) == everything == (found.exit_code == 0)
    assert (found.until is not None) == (found.decision is Decision.PILOT)
    if found.decision in (Decision.NOT_READY, Decision.FIX_ORGANIZATION, Decision.STOP):
        assert found.obstacles
    if found.until is not None:
        assert TODAY <= found.until <= TODAY + timedelta(days=90)
    if seen.organization.outcome in BAD:
        assert found.decision not in (Decision.APPROVE, Decision.PILOT)
    if any(check.finding.outcome is Outcome.FAILS for layer in seen.verdict.layers for check in layer.checks):
        assert RANK[found.decision] <= RANK[Decision.NOT_READY]


@given(worlds())
def test_a_waiver_is_never_worth_what_holding_is(told: Case) -> None:
    used = {item.check for item in told.waivers}
    whole = {name: evidence(finding(name)) if name in used else found for name, found in told.evidence.items()}
    assert RANK[decide(told).decision] <= RANK[decide(replace(told, evidence=whole)).decision]
    seen = asked(told)
    results = [check for layer in seen.verdict.layers for check in layer.checks] + list(seen.organization.checks)
    if any(item.finding.outcome is Outcome.WAIVED for item in results):
        assert decide(told).decision is not Decision.APPROVE


@given(worlds())
def test_a_mode_that_ended_stops_whatever_else_holds(told: Case) -> None:
    ended = replace(RESEARCH, until=TODAY - timedelta(days=1))
    assert decide(replace(told, mode=ended)).decision is Decision.STOP


# Before there is code


def met(**changes: Outcome) -> tuple[Condition, ...]:
    return tuple(Condition(name, changes.get(name.replace(" ", "_"), Outcome.HOLDS), f"{name} is there") for name in BUILD_ASKS)


def test_what_answers_all_five_is_built() -> None:
    assert to_build(met()) == Approval(Decision.BUILD, 0)


@pytest.mark.parametrize("name", BUILD_ASKS)
@pytest.mark.parametrize("outcome", [item for item in Outcome if item is not Outcome.HOLDS])
def test_anything_but_an_answer_is_not_yet(name: str, outcome: Outcome) -> None:
    found = to_build(met(**{name.replace(" ", "_"): outcome}))
    assert (found.decision, found.exit_code) == (Decision.NOT_YET, 1 if outcome is Outcome.FAILS else 3)
    assert [item.area for item in found.obstacles] == [name]


@pytest.mark.parametrize("name", BUILD_ASKS)
def test_what_was_not_looked_at_is_unknown(name: str) -> None:
    found = to_build(tuple(item for item in met() if item.name != name))
    assert (found.decision, found.obstacles[0].outcome, found.obstacles[0].text) == (Decision.NOT_YET, Outcome.UNKNOWN, "not looked at")
