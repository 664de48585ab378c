"""Waivers: what one covers, when it counts, and how its end is announced."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from readiness.sequence.finding import Outcome
from readiness.sequence.verdict import judge
from readiness.sequence.waiver import Waiver, apply
from tests.sequence.cases import INSTALLS, RECREATES, TODAY, case, finding, waiver

CHECK = INSTALLS.id
DAY = timedelta(days=1)


def test_every_problem_covered_is_waived_and_the_waivers_are_named() -> None:
    found, used = apply(finding(CHECK, Outcome.FAILS, "a.py", "b.py"), (waiver(CHECK, "b.py"), waiver(CHECK, "a.py")), TODAY)
    assert (found.outcome, used) == (Outcome.WAIVED, f"w-{CHECK}-a.py, w-{CHECK}-b.py")


def test_a_finding_without_problems_is_waived_by_its_subject() -> None:
    assert apply(finding(CHECK, Outcome.FAILS), (waiver(CHECK, "app.py"),), TODAY)[0].outcome is Outcome.WAIVED


@pytest.mark.parametrize(
    ("check", "subject"),
    [(CHECK, "b.py"), (CHECK, "app.py"), (RECREATES.id, "a.py")],
    ids=["other subject", "finding's own", "other check"],
)
def test_a_waiver_covers_neither_another_subject_nor_another_check(check: str, subject: str) -> None:
    found = finding(CHECK, Outcome.FAILS, "a.py")
    assert apply(found, (waiver(check, subject),), TODAY) == (found, "")


def test_one_problem_left_uncovered_leaves_the_finding_as_it_is() -> None:
    found = finding(CHECK, Outcome.FAILS, "a.py", "b.py")
    assert apply(found, (waiver(CHECK, "a.py"),), TODAY) == (found, "")


@pytest.mark.parametrize("outcome", [Outcome.HOLDS, Outcome.NOT_APPLICABLE])
def test_what_does_not_fail_is_left_alone(outcome: Outcome) -> None:
    found = finding(CHECK, outcome)
    assert apply(found, (waiver(CHECK, "app.py"),), TODAY) == (found, "")


@pytest.mark.parametrize("outcome", [Outcome.FAILS, Outcome.UNKNOWN])
def test_a_waiver_yields_waived_and_never_holds(outcome: Outcome) -> None:
    verdict = judge(replace(case(finding(CHECK, outcome)), waivers=(waiver(CHECK, "app.py"),)))
    waived = verdict.layers[0].checks[0]
    assert (waived.outcome, verdict.layers[0].outcome, verdict.layer_held) == (Outcome.WAIVED, Outcome.WAIVED, 0)
    assert waived.finding.notes == (f"waived by w-{CHECK}-app.py",)


def test_a_layer_where_everything_is_waived_proves_nothing() -> None:
    told = case(finding(CHECK, Outcome.FAILS), finding(RECREATES.id, Outcome.FAILS))
    verdict = judge(replace(told, waivers=(waiver(CHECK, "app.py"), waiver(RECREATES.id, "app.py"))))
    assert (verdict.layers[0].outcome, verdict.layers[0].reason, verdict.exit_code) == (Outcome.UNKNOWN, "nothing proven", 3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"signed": False}, "not signed by its approver"),
        ({"approver": "ana"}, "approved by its own owner"),
        ({"starts": TODAY - 90 * DAY, "expires": TODAY + DAY}, "longer than 90 days"),
        ({"expires": TODAY - DAY}, "expired 2026-11-19"),
        ({"starts": TODAY + DAY}, "starts 2026-11-21"),
    ],
)
def test_an_invalid_waiver_does_not_count_and_the_verdict_says_why(changes: dict[str, object], reason: str) -> None:
    bad = replace(waiver(CHECK, "app.py"), **changes)  # type: ignore[arg-type]
    assert bad.invalid_reason(TODAY) == reason
    verdict = judge(replace(case(finding(CHECK, Outcome.FAILS)), waivers=(bad,)))
    assert (verdict.exit_code, verdict.warnings) == (1, (f"waiver {bad.id} for {CHECK} does not count: {reason}",))


def test_a_waiver_is_unsigned_unless_said_otherwise() -> None:
    assert Waiver("w", CHECK, "app.py", "soon gone", "ana", "ben", TODAY, TODAY).invalid_reason(TODAY) == "not signed by its approver"


def test_a_waiver_counts_on_its_first_and_its_last_day_and_for_ninety() -> None:
    longest = replace(waiver(CHECK, "app.py"), starts=TODAY, expires=TODAY + 90 * DAY)
    assert longest.invalid_reason(TODAY) == longest.invalid_reason(TODAY + 90 * DAY) == ""


@pytest.mark.parametrize(("days", "warned"), [(0, True), (14, True), (15, False)])
def test_the_end_of_a_waiver_is_announced_fourteen_days_ahead(days: int, warned: bool) -> None:
    ending = replace(waiver(CHECK, "app.py"), expires=TODAY + days * DAY)
    verdict = judge(replace(case(), waivers=(ending,)))
    assert verdict.warnings == ((f"waiver {ending.id} for {CHECK} ends {ending.expires}, in {days} days",) if warned else ())
