"""Annotations that guard: read as they are meant, and refused with their place where they would guard nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.cedar import guards, policies
from readiness.formats.cedar.guards import Budget

FORBID = "forbid (principal, action, resource)"
LIFTED = "unless { context has approved_by && context.approved_by != principal }"


def said(text: str) -> list[str]:
    return [str(fault) for fault in policies.parse(text, "p.cedar").faults]


@pytest.mark.parametrize(
    ("text", "count", "window_s"),
    [("1/second", 1, 1), ("1000/day", 1000, 86_400), ("60/minute", 60, 60), ("1000000/hour", 1_000_000, 3600)],
)
def test_a_budget_is_a_number_in_a_time(text: str, count: int, window_s: int) -> None:
    assert guards.budget(text) == Budget(count, window_s, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0/day",
        "01/day",
        "-1/day",
        "1.5/day",
        "1/week",
        "1 / day",
        "1/Day",
        "1000001/day",
        "9999999/day",
        "day",
        "1/",
        "\u0661/day",
        "1/day\n",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert guards.budget(text) is None


@given(st.integers(1, guards.COUNT_LIMIT), st.sampled_from(list(guards.WINDOWS_S)))
def test_what_is_written_is_read(count: int, window: str) -> None:
    assert guards.budget(f"{count}/{window}") == Budget(count, guards.WINDOWS_S[window], f"{count}/{window}")


def test_policies_say_what_guards_them() -> None:
    permit = '@id("a") @budget("5/hour") permit (principal, action, resource);'
    forbid = f'@id("b") @requires_approval forbid (principal, action, resource) {LIFTED};'
    read = policies.parse(permit + forbid, "p.cedar")
    assert read.faults == ()
    one, other = read.policies
    assert guards.budget_of(one) == Budget(5, 3600, "5/hour")
    assert (guards.needs_approval(one), guards.needs_approval(other)) == (False, True)
    assert guards.budget_of(other) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('\n@budget("many") permit', '3:1: @budget must be a number from 1 to 1,000,000 per second, minute, hour or day, got "many"'),
        (" @budget permit", '2:2: @budget must be a number from 1 to 1,000,000 per second, minute, hour or day, got ""'),
        ('@budget("1/day") forbid', "2:1: @budget limits what a permit permits, and this is a forbid"),
        ("@requires_approval permit", "2:1: @requires_approval is said of what is forbidden until somebody agrees, and this is a permit"),
        (f'@requires_approval("no") {FORBID} {LIFTED}', '2:1: @requires_approval takes no value but "true", got "no"'),
        ('@requires_approval("true") forbid', "2:1: @requires_approval is said of a forbid that no approval lifts"),
        ('@budgets("1/day") permit', "2:1: @budgets means nothing, and guards nothing, did you mean `@budget`?"),
        ('@Budget("1/day") permit', "2:1: @Budget means nothing, and guards nothing, did you mean `@budget`?"),
        ("@require_approval forbid", "2:1: @require_approval means nothing, and guards nothing, did you mean `@requires_approval`?"),
    ],
)
def test_what_would_guard_nothing_is_a_fault_with_its_place(text: str, expected: str) -> None:
    whole = text if "(" in text.partition(" ")[2] else f"{text} (principal, action, resource)"
    (found,) = said(f'@id("x")\n{whole};')
    place, _, rest = expected.partition(": ")
    assert found.startswith(f"p.cedar:{place}: policy `x`: {rest}")


@pytest.mark.parametrize("text", ['@note("1/day")', '@owner("security")', '@title("budget of 3")', "@advice"])
def test_other_annotations_are_nobodys_business(text: str) -> None:
    assert said(f'@id("x") {text} permit (principal, action, resource);') == []
