"""The ratchet: what counts as worse than before, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.sequence.finding import Finding, Outcome
from readiness.sequence.ratchet import Worse, worsened
from readiness.sequence.verdict import Case, Verdict, judge
from tests.sequence import cases as made
from tests.sequence.cases import CONTRACTS, INSTALLS, RECREATES, REFUSED, SPECS, SURVIVES, TIDY, case, finding, waiver

CHECK = INSTALLS.id
BEST_FIRST = (Outcome.HOLDS, Outcome.UNKNOWN, Outcome.FAILS)


def verdict(*findings: Finding) -> Verdict:
    return judge(case(*findings))


@pytest.mark.parametrize("before", BEST_FIRST)
@pytest.mark.parametrize("after", BEST_FIRST)
def test_worse_is_a_step_from_holds_to_unknown_to_fails(before: Outcome, after: Outcome) -> None:
    found = worsened(verdict(finding(CHECK, before)), verdict(finding(CHECK, after)))
    worse = BEST_FIRST.index(after) > BEST_FIRST.index(before)
    assert found == ((Worse(CHECK, before, after, ()),) if worse else ())


def test_failing_for_a_new_subject_is_worse_and_names_it() -> None:
    before = verdict(finding(CHECK, Outcome.FAILS, "a.py"))
    after = verdict(finding(CHECK, Outcome.FAILS, "a.py", "c.py", "b.py"))
    assert worsened(before, after) == (Worse(CHECK, Outcome.FAILS, Outcome.FAILS, ("b.py", "c.py")),)
    assert worsened(after, before) == ()


def test_unknown_for_another_subject_is_not_worse() -> None:
    assert worsened(verdict(finding(CHECK, Outcome.UNKNOWN, "a.py")), verdict(finding(CHECK, Outcome.UNKNOWN, "b.py"))) == ()


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (Outcome.HOLDS, Outcome.NOT_APPLICABLE, False),
        (Outcome.NOT_APPLICABLE, Outcome.HOLDS, False),
        (Outcome.NOT_APPLICABLE, Outcome.UNKNOWN, True),
    ],
)
def test_not_applicable_is_as_good_as_holding(before: Outcome, after: Outcome, worse: bool) -> None:
    assert bool(worsened(verdict(finding(CHECK, before)), verdict(finding(CHECK, after)))) is worse


def test_a_waived_check_is_worse_than_one_that_holds_and_better_than_one_that_fails() -> None:
    fails = case(finding(CHECK, Outcome.FAILS, "a.py"))
    waived = judge(replace(fails, waivers=(waiver(CHECK, "a.py"),)))
    assert [item.after for item in worsened(verdict(), waived)] == [Outcome.WAIVED]
    assert worsened(judge(fails), waived) == ()
    assert [item.after for item in worsened(waived, judge(fails))] == [Outcome.FAILS]
    assert [item.after for item in worsened(waived, verdict(finding(CHECK, Outcome.UNKNOWN)))] == [Outcome.UNKNOWN]


def test_a_check_above_the_layer_that_stops_is_compared_all_the_same() -> None:
    stopped = finding(CHECK, Outcome.FAILS)
    found = worsened(verdict(stopped), verdict(stopped, finding(CONTRACTS.id, Outcome.FAILS)))
    assert [item.check for item in found] == [CONTRACTS.id]


@pytest.mark.parametrize("check", [TIDY.id, SURVIVES.id], ids=["advisory", "required at higher stakes only"])
def test_what_is_not_required_is_no_reason_to_fail(check: str) -> None:
    assert worsened(verdict(), verdict(finding(check, Outcome.FAILS))) == ()


def test_a_check_that_is_new_is_worse_only_where_it_fails() -> None:
    before = judge(case(specs=tuple(spec for spec in SPECS if spec is not REFUSED)))
    assert worsened(before, verdict()) == ()
    assert worsened(before, verdict(finding(REFUSED.id, Outcome.FAILS))) == (Worse(REFUSED.id, Outcome.UNKNOWN, Outcome.FAILS, ()),)


def test_what_got_worse_is_listed_in_the_order_of_the_catalogue() -> None:
    after = verdict(*(finding(check, Outcome.FAILS) for check in (CONTRACTS.id, RECREATES.id, INSTALLS.id)))
    assert [item.check for item in worsened(verdict(), after)] == [INSTALLS.id, RECREATES.id, CONTRACTS.id]


@given(made.cases())
def test_nothing_is_worse_than_itself(told: Case) -> None:
    assert worsened(judge(told), judge(told)) == ()


@given(made.cases(), st.sampled_from(made.IDS))
def test_a_check_is_never_worse_in_both_directions(told: Case, check: str) -> None:
    other = replace(told, evidence={**told.evidence, check: made.evidence(finding(check, Outcome.FAILS))})
    there = {item.check for item in worsened(judge(told), judge(other)) if item.before is not item.after}
    back = {item.check for item in worsened(judge(other), judge(told)) if item.before is not item.after}
    assert not there & back
