"""The ratchet: what counts as worse than before, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.sequence.finding import Basis, Finding, Location, Outcome, Problem
from readiness.sequence.ratchet import Worse, settled, unjudged, worsened
from readiness.sequence.verdict import Case, Verdict, judge
from tests.sequence import cases as made
from tests.sequence.cases import CONTRACTS, INSTALLS, RECREATES, REFUSED, SPECS, SURVIVES, TIDY, case, finding, waiver

CHECK = INSTALLS.id
BEST_FIRST = (Outcome.HOLDS, Outcome.UNKNOWN, Outcome.FAILS)


def verdict(*findings: Finding) -> Verdict:
    return judge(case(*findings))


@pytest.mark.parametrize("before", BEST_FIRST)
@pytest.mark.parametrize("after", BEST_FIRST)
def test_worse_is_a_step_down_of_what_could_be_judged(before: Outcome, after: Outcome) -> None:
    old, new = verdict(finding(CHECK, before)), verdict(finding(CHECK, after))
    step = (Worse(CHECK, before, after, ()),) if BEST_FIRST.index(after) > BEST_FIRST.index(before) else ()
    assert worsened(old, new) == (step if before is Outcome.HOLDS else ())
    assert unjudged(old, new) == (step if before is Outcome.UNKNOWN else ())


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
        (Outcome.NOT_APPLICABLE, Outcome.FAILS, True),
    ],
)
def test_what_had_nothing_to_judge_is_settled_by_what_was_changed(before: Outcome, after: Outcome, worse: bool) -> None:
    old, new = verdict(finding(CHECK, before)), verdict(finding(CHECK, after))
    assert worsened(old, new) == ()
    assert bool(unjudged(old, new)) is worse


def found(outcome: Outcome, **places: str) -> Finding:
    problems = tuple(Problem(name, "is wrong", Location(file) if file else None) for name, file in places.items())
    return Finding(CHECK, outcome, Basis.EXECUTED, problems=problems)


NOTHING, HIDDEN, FAILS, HOLDS = Outcome.NOT_APPLICABLE, Outcome.UNKNOWN, Outcome.FAILS, Outcome.HOLDS
SETTLED: dict[str, tuple[Outcome, Finding, Finding | None, set[str], tuple[str, ...] | None]] = {
    "a bad file was added": (NOTHING, found(FAILS, a="Dockerfile"), None, {"Dockerfile"}, ("a",)),
    "something that cannot be told was added": (NOTHING, found(HIDDEN), None, set(), ()),
    "a demo was declared over an old fault": (NOTHING, found(FAILS, a=""), found(FAILS, a=""), set(), None),
    "a demo was declared over an old fault, in a file that changed": (NOTHING, found(FAILS, a="x"), found(FAILS, a="x"), {"x"}, None),
    "a demo was declared, and a fault was planted": (NOTHING, found(FAILS, a="", b=""), found(FAILS, a=""), set(), ("b",)),
    "a demo was declared that held then": (NOTHING, found(FAILS, a=""), found(HOLDS), set(), ("a",)),
    "a demo was declared, and a bad file was added": (NOTHING, found(FAILS, a="Dockerfile"), found(NOTHING), {"Dockerfile"}, ("a",)),
    "a demo was declared that cannot be told": (NOTHING, found(HIDDEN), found(HIDDEN), set(), None),
    "a demo was declared that could be told then": (NOTHING, found(HIDDEN), found(HOLDS), set(), ()),
    "what could not be told fails": (HIDDEN, found(FAILS, a=""), None, set(), None),
    "what could not be told fails where nothing changed": (HIDDEN, found(FAILS, a="x"), None, set(), None),
    "what could not be told fails where something changed": (HIDDEN, found(FAILS, a="x", b="y"), None, {"y"}, ("b",)),
    "what cannot be told even so fails where something changed": (NOTHING, found(FAILS, a="x"), found(HIDDEN), {"x"}, ("a",)),
    "what could be told with today's demo": (HIDDEN, found(FAILS, a=""), found(HOLDS), set(), ("a",)),
}


@pytest.mark.parametrize("name", SETTLED)
def test_what_could_not_be_judged_is_worse_only_where_the_change_made_it(name: str) -> None:
    before, today, then, changed, subjects = SETTLED[name]
    item = Worse(CHECK, before, today.outcome, tuple(sorted(problem.subject for problem in today.problems)))
    found = settled(item, today, then, changed)
    assert (None if found is None else found.new_subjects) == subjects


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


def test_a_check_that_is_new_could_not_be_judged() -> None:
    before = judge(case(specs=tuple(spec for spec in SPECS if spec is not REFUSED)))
    failing = verdict(finding(REFUSED.id, Outcome.FAILS))
    assert worsened(before, verdict()) == worsened(before, failing) == unjudged(before, verdict()) == ()
    assert unjudged(before, failing) == (Worse(REFUSED.id, Outcome.UNKNOWN, Outcome.FAILS, ()),)


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
