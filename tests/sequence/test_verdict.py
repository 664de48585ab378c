"""The kernel: what a verdict may never do, over generated cases, and what it says of a few made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.sequence.evidence import Evidence
from readiness.sequence.finding import SEVERITY, Basis, Cause, Finding, Outcome, Remedy
from readiness.sequence.layers import Layer
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.stakes import Stakes
from readiness.sequence.verdict import Case, Next, Verdict, judge, no_finding
from tests.sequence import cases as made
from tests.sequence.cases import CONTRACTS, IDS, INSTALLS, NOW, PROBED, RECREATES, REFUSED, RESEARCH, SPECS, SURVIVES, TIDY, case, finding

PRODUCTION = (Declaration(),)
PASSING = (Outcome.HOLDS, Outcome.WAIVED)


def standing(verdict: Verdict) -> tuple[int, bool, int]:
    """How good a verdict is: layers held, whether it passes, and how. Exit 1 and 3 are two ways of not passing."""
    return verdict.layer_held, verdict.exit_code == 0, {Outcome.HOLDS: 2, Outcome.WAIVED: 1}.get(verdict.outcome, 0)


def no_better(after: Verdict, before: Verdict) -> bool:
    return all(new <= old for new, old in zip(standing(after), standing(before), strict=True))


def shape(verdict: Verdict) -> object:
    """All that a verdict decides, without the words it decides it in."""
    layers = [(layer.layer, layer.outcome, layer.claimed, [check.outcome for check in layer.checks]) for layer in verdict.layers]
    return verdict.layer_held, verdict.outcome, verdict.exit_code, verdict.next and verdict.next.check, layers


def with_evidence(before: Case, check: str, found: Evidence | None) -> Case:
    told: Mapping[str, Evidence] = {name: item for name, item in before.evidence.items() if name != check}
    return replace(before, evidence=told if found is None else {**told, check: found})


@given(made.cases(), st.sampled_from(IDS), st.sampled_from([Outcome.FAILS, Outcome.UNKNOWN, None]))
def test_worse_evidence_never_improves_a_verdict(before: Case, check: str, outcome: Outcome | None) -> None:
    worse = None if outcome is None else made.evidence(finding(check, outcome, "never waived"))
    assert no_better(judge(with_evidence(before, check, worse)), judge(before))


@given(made.cases(), st.sampled_from(IDS))
def test_failing_evidence_never_softens_the_outcome(before: Case, check: str) -> None:
    after = judge(with_evidence(before, check, made.evidence(finding(check, Outcome.FAILS, "never waived"))))
    assert SEVERITY[after.outcome] <= SEVERITY[judge(before).outcome]


@given(made.cases(modes=PRODUCTION))
def test_no_layer_is_judged_above_one_that_neither_holds_nor_is_waived(told: Case) -> None:
    passed = True
    for layer in judge(told).layers:
        assert (layer.outcome is not Outcome.WAITS) == passed
        assert passed or all(check.outcome is Outcome.WAITS for check in layer.checks)
        passed = passed and (layer.outcome in PASSING or not layer.asked)


FEW = made.spec("few", Layer.INFRASTRUCTURE, from_=None, modes=frozenset({Mode.PROTOTYPE}))
CLEAN = made.spec("clean", Layer.DATA, from_=None, modes=frozenset({Mode.PROTOTYPE}))
PROTOTYPE = replace(RESEARCH, mode=Mode.PROTOTYPE)


@pytest.mark.parametrize("few", [Outcome.HOLDS, Outcome.UNKNOWN, Outcome.FAILS])
@pytest.mark.parametrize("clean", [Outcome.HOLDS, Outcome.UNKNOWN, Outcome.FAILS])
def test_the_conditions_of_a_mode_stand_side_by_side_and_are_no_layer(few: Outcome, clean: Outcome) -> None:
    specs = (*SPECS, FEW, CLEAN)
    verdict = judge(made.case(finding(FEW.id, few), finding(CLEAN.id, clean), specs=specs, mode=PROTOTYPE))
    worst = min((few, clean), key=SEVERITY.__getitem__)
    assert (verdict.outcome, verdict.layer_held) == (worst, 0)
    assert [layer.outcome for layer in verdict.layers if layer.asked] == [few, clean]


def test_a_condition_of_a_mode_is_no_check_of_another() -> None:
    specs = (*SPECS, FEW, CLEAN)
    for mode in (Declaration(), RESEARCH):
        told = judge(made.case(finding(FEW.id, Outcome.FAILS), specs=specs, mode=mode))
        assert told == judge(made.case(specs=SPECS, mode=mode))
    named = replace(made.case(finding(FEW.id, Outcome.FAILS), specs=specs), only=frozenset({FEW.id}))
    assert judge(named).outcome is Outcome.FAILS


@given(made.cases(modes=PRODUCTION))
def test_production_asks_every_layer(told: Case) -> None:
    assert all(layer.asked for layer in judge(told).layers)


@given(made.cases())
def test_layer_held_counts_the_layers_that_hold_from_the_first_on(told: Case) -> None:
    verdict = judge(told)
    assert [layer.outcome for layer in verdict.layers[: verdict.layer_held]] == [Outcome.HOLDS] * verdict.layer_held
    assert all(layer.outcome is not Outcome.HOLDS for layer in verdict.layers[verdict.layer_held :][:1])


@given(made.cases())
def test_a_waiver_changes_no_layer_that_is_held_and_turns_nothing_into_holds(told: Case) -> None:
    waived, plain = judge(told), judge(replace(told, waivers=()))
    assert waived.layer_held == plain.layer_held
    for with_, without in zip(waived.layers, plain.layers, strict=True):
        for one, other in zip(with_.checks, without.checks, strict=True):
            assert one.finding.outcome in (other.finding.outcome, Outcome.WAIVED)


@given(made.cases(), st.data())
def test_stale_evidence_counts_as_absent(told: Case, data: st.DataObject) -> None:
    check = data.draw(st.sampled_from(IDS))
    old = data.draw(made.stale(check))
    assert shape(judge(with_evidence(told, check, old))) == shape(judge(with_evidence(told, check, None)))


@given(made.cases(), st.sampled_from([change for change in made.CHANGES if change.check in made.ADVISORY]))
def test_advisory_checks_never_change_the_exit(told: Case, change: made.Change) -> None:
    other = judge(with_evidence(told, change.check, change.evidence))
    assert (other.exit_code, other.layer_held, other.outcome) == (judge(told).exit_code, judge(told).layer_held, judge(told).outcome)


@given(made.cases())
def test_exit_codes_say_what_the_outcome_says(told: Case) -> None:
    verdict = judge(told)
    assert verdict.exit_code == {Outcome.HOLDS: 0, Outcome.WAIVED: 0, Outcome.FAILS: 1, Outcome.UNKNOWN: 3}[verdict.outcome]


@given(made.cases(modes=PRODUCTION))
def test_a_verdict_names_the_next_step_exactly_when_it_does_not_pass(told: Case) -> None:
    verdict = judge(told)
    assert (verdict.next is None) == (verdict.exit_code == 0)
    if verdict.next and verdict.next.check:
        assert verdict.next.check not in made.ADVISORY


@given(made.cases(modes=PRODUCTION))
def test_upto_cuts_the_sequence_and_changes_nothing_below_the_cut(told: Case) -> None:
    whole, cut = judge(replace(told, upto=Layer.MEASUREMENT)), judge(told)
    assert cut.layers == whole.layers[: told.upto.number]
    assert cut.layer_held == min(whole.layer_held, told.upto.number)


@given(made.cases(), st.sampled_from(made.CHANGES), st.data())
def test_only_makes_other_checks_irrelevant_and_the_named_one_required(told: Case, change: made.Change, data: st.DataObject) -> None:
    check = data.draw(st.sampled_from([item.id for item in told.specs if item.id != change.check]))
    narrow = replace(told, only=frozenset({check}), upto=Layer.DATA)
    verdict = judge(narrow)
    assert judge(with_evidence(narrow, change.check, change.evidence)) == verdict
    assert [(item.spec.id, item.required) for layer in verdict.layers for item in layer.checks] == [(check, True)]


def test_all_that_is_required_holds_so_the_verdict_holds() -> None:
    verdict = judge(case())
    assert (verdict.layer_held, verdict.outcome, verdict.exit_code, verdict.next) == (3, Outcome.HOLDS, 0, None)


@pytest.mark.parametrize(("outcome", "exit_code"), [(Outcome.FAILS, 1), (Outcome.UNKNOWN, 3)])
def test_one_required_check_stops_the_sequence_at_its_layer(outcome: Outcome, exit_code: int) -> None:
    verdict = judge(case(finding(REFUSED.id, outcome), finding(CONTRACTS.id, Outcome.FAILS)))
    assert (verdict.layer_held, verdict.exit_code) == (1, exit_code)
    assert [layer.outcome for layer in verdict.layers] == [Outcome.HOLDS, outcome, Outcome.WAITS]
    assert verdict.layers[2].checks[0].finding.outcome is Outcome.FAILS, "a fact above stays visible, unjudged"


def test_a_failure_outweighs_an_unknown_and_is_named_next() -> None:
    verdict = judge(case(finding(INSTALLS.id, Outcome.UNKNOWN), finding(RECREATES.id, Outcome.FAILS)))
    assert (verdict.exit_code, verdict.next and verdict.next.check) == (1, RECREATES.id)


def test_only_declared_is_claimed_and_unknown() -> None:
    verdict = judge(case(*(finding(name, basis=Basis.DECLARED) for name in (INSTALLS.id, RECREATES.id))))
    assert (verdict.layers[0].outcome, verdict.layers[0].claimed, verdict.exit_code) == (Outcome.UNKNOWN, True, 3)


@pytest.mark.parametrize("basis", [Basis.EXECUTED, Basis.OBSERVED])
def test_one_check_that_was_seen_is_enough_not_to_be_claimed(basis: Basis) -> None:
    verdict = judge(case(finding(INSTALLS.id, basis=Basis.DECLARED), finding(RECREATES.id, basis=basis)))
    assert (verdict.layers[0].outcome, verdict.layers[0].claimed) == (Outcome.HOLDS, False)


def test_an_advisory_execution_does_not_make_a_claim_proven() -> None:
    told = (finding(INSTALLS.id, basis=Basis.DECLARED), finding(RECREATES.id, basis=Basis.DECLARED), finding(TIDY.id))
    assert judge(case(*told)).layers[0].claimed


@pytest.mark.parametrize(
    "told", [(), tuple(finding(name, Outcome.NOT_APPLICABLE) for name in IDS)], ids=["no evidence", "all not applicable"]
)
def test_nothing_proven_is_unknown(told: tuple[Finding, ...]) -> None:
    verdict = judge(case(*told) if told else replace(case(), evidence={}))
    assert (verdict.layer_held, verdict.exit_code, verdict.layers[0].reason) == (0, 3, "nothing proven")
    assert not any(layer.claimed for layer in verdict.layers)


def test_a_layer_without_checks_is_unknown() -> None:
    verdict = judge(replace(case(), upto=Layer.MEASUREMENT))
    assert (verdict.layer_held, verdict.exit_code) == (3, 3)
    assert verdict.next is not None
    assert verdict.next.text == "layer 4, observability: this version has no check that could prove it"


def test_a_not_applicable_check_does_not_stand_in_the_way() -> None:
    assert judge(case(finding(INSTALLS.id, Outcome.NOT_APPLICABLE))).exit_code == 0


def test_a_waived_layer_lets_the_next_be_judged_and_is_not_held() -> None:
    told = replace(case(finding(INSTALLS.id, Outcome.FAILS, "app.py")), waivers=(made.waiver(INSTALLS.id, "app.py"),))
    verdict = judge(told)
    assert [layer.outcome for layer in verdict.layers] == [Outcome.WAIVED, Outcome.HOLDS, Outcome.HOLDS]
    assert (verdict.layer_held, verdict.outcome, verdict.exit_code) == (0, Outcome.WAIVED, 0)


@pytest.mark.parametrize(
    ("check", "stakes", "exit_code"),
    [(SURVIVES.id, Stakes.ANNOYANCE, 0), (SURVIVES.id, Stakes.MONEY, 1), (PROBED.id, Stakes.REGULATION, 0), (PROBED.id, Stakes.SAFETY, 1)],
)
def test_a_check_blocks_from_its_stakes_on(check: str, stakes: Stakes, exit_code: int) -> None:
    assert judge(replace(case(finding(check, Outcome.FAILS)), stakes=stakes)).exit_code == exit_code


def test_research_needs_only_its_own_checks() -> None:
    others = tuple(finding(name, Outcome.FAILS) for name in IDS if name != RECREATES.id)
    assert judge(case(*others, mode=RESEARCH)).exit_code == 0
    assert judge(case(finding(RECREATES.id, Outcome.FAILS), mode=RESEARCH)).exit_code == 1


@pytest.mark.parametrize("mode", [Mode.RESEARCH, Mode.PROTOTYPE, Mode.CRISIS])
def test_a_mode_without_an_end_or_past_it_fails(mode: Mode) -> None:
    for until in (None, NOW.date() - timedelta(days=1)):
        verdict = judge(case(mode=Declaration(mode, until, "because", "ana")))
        assert (verdict.exit_code, verdict.outcome) == (1, Outcome.FAILS)
        assert verdict.next is not None


def test_a_mode_counts_through_its_last_day_and_warns_before() -> None:
    verdict = judge(case(mode=replace(RESEARCH, until=date(2026, 11, 20))))
    assert (verdict.exit_code, verdict.warnings) == (0, ("research mode ends 2026-11-20, in 0 days",))


@pytest.mark.parametrize(("days", "warned"), [(14, True), (15, False), (-1, False)])
def test_the_end_of_a_mode_is_announced_fourteen_days_ahead(days: int, warned: bool) -> None:
    assert bool(judge(case(mode=replace(RESEARCH, until=NOW.date() + timedelta(days=days)))).warnings) is warned


@pytest.mark.parametrize(("remedy", "text"), [(Remedy("pin it", "uv lock"), "pin it"), (Remedy("", "uv lock"), "it is loose")])
def test_the_next_step_is_the_remedy_or_else_the_reason(remedy: Remedy, text: str) -> None:
    loose = replace(finding(INSTALLS.id, Outcome.FAILS), reason="it is loose", remedy=remedy)
    assert judge(case(loose)).next == Next(INSTALLS.id, text, "uv lock")


def test_what_could_not_be_observed_is_unknown_with_its_cause() -> None:
    found = no_finding(INSTALLS.id, "no uv here", Cause.TOOL)
    assert (found.outcome, found.cause, found.reason, found.remedy) == (Outcome.UNKNOWN, Cause.TOOL, "no uv here", Remedy())


def test_a_named_check_above_is_judged_without_the_layers_below() -> None:
    told = replace(case(finding(INSTALLS.id, Outcome.FAILS)), only=frozenset({CONTRACTS.id}))
    assert (judge(told).exit_code, judge(told).layer_held) == (0, 0)


def test_evidence_counts_up_to_the_moment_it_expires_and_with_a_clock_five_minutes_off() -> None:
    made_at = NOW - timedelta(days=7)
    old = Evidence(finding(INSTALLS.id), made.TREE, made_at, NOW + timedelta(days=1))
    told = with_evidence(case(), INSTALLS.id, old)
    assert judge(replace(told, now=NOW - timedelta(seconds=1))).exit_code == 0
    assert judge(told).exit_code == 3
    ahead = Evidence(finding(INSTALLS.id), made.TREE, NOW + timedelta(minutes=5), NOW + timedelta(days=1))
    assert judge(with_evidence(case(), INSTALLS.id, ahead)).exit_code == 0
