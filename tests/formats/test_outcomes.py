"""Outcome files: what they say, and every fault with its line."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import outcomes
from readiness.formats.outcomes import Aggregate, Design, Mistake, Window
from readiness.formats.people import Person
from readiness.sequence.stakes import Stakes
from tests.layers.desk import FILE, OUTCOME, changed


def problems(text: str) -> list[str]:
    return outcomes.parse(text, FILE)[1]


def test_everything_is_read() -> None:
    found, wrong = outcomes.parse(OUTCOME, FILE)
    assert wrong == []
    assert found is not None
    assert (found.id, found.unit, found.measured_in, found.aggregate, found.design) == (
        "resolution-time", "ticket", "hours", Aggregate.MEDIAN, Design.BEFORE_AFTER,
    )  # fmt: skip
    assert found.owner == Person("Ada Lovelace", "ada@example.org")
    assert (found.maturity_days, found.horizon_days, found.review_days) == (14, 90, 30)
    assert found.baseline == Window(date(2026, 3, 1), date(2026, 5, 15))
    assert (found.baseline.starts, found.baseline.ends) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 16, tzinfo=UTC))
    assert found.target.of(10) == pytest.approx(6)
    assert found.errors == (Mistake("wrong answer sent", Stakes.ANNOYANCE, 15, 0.05, 0.95, 23),)
    assert found.metric.tables == {"events": ("data/tickets.csv",)}
    assert (found.metric.sql_line, found.metric.exact) == (9, True)
    assert found.lock_path == "outcomes/resolution-time.lock.json"
    assert found.line("kill.authority") == 24


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("kind: Outcome", "kind: Goal", 1, "`kind` must be `Outcome`, got `Goal`"),
        ("id: resolution-time", "id: Resolution Time", 2, "must be 1 to 63 of a-z"),
        ("id: resolution-time", "id: ''", 2, "`id` is empty"),
        ("change: support tickets are resolved 40 % faster", "change:", 3, "`change` is empty"),
        ("change: support tickets are resolved 40 % faster", "change: TODO", 3, "placeholder `TODO`"),
        ("change: support tickets are resolved 40 % faster", "chnge: x", 3, "did you mean `change`?"),
        ("beneficiary: customers who wait for an answer", "beneficiary: <beneficiary>", 4, "placeholder"),
        ("beneficiary: customers who wait for an answer", "beneficiary: TBD", 4, "says nothing yet"),
        ("owner: Ada Lovelace <ada@example.org>", "owner: your-team", 5, "placeholder"),
        ("owner: Ada Lovelace <ada@example.org>", "owner: the team", 5, "must name a person"),
        ("source: data/tickets.csv", "source: ../tickets.csv", 7, "must stay inside the project"),
        ("source: data/tickets.csv", "source: tickets.xlsx", 7, "must name CSV, Parquet or JSONL"),
        ("source: data/tickets.csv", "source: 3", 7, "must be `database` or a glob"),
        ("source: data/tickets.csv", "sourze: a.csv", 7, "did you mean `source`?"),
        ("from events\n", "from your_table\n", 8, "placeholder `your_table`"),
        ("aggregate: median", "aggregate: average", 12, "must be `mean` or `median`"),
        ("direction: decrease", "direction: down", 13, "must be `increase` or `decrease`, got `down`"),
        ("unit: ticket", "unit: ''", 14, "`unit` is empty"),
        ("maturity: 14d", "maturity: two weeks", 16, "a duration of at least 0 days"),
        ("maturity: 14d", "maturity: 14", 16, "like `14d` or `2w`"),
        ("horizon: 90d", "horizon: 0d", 20, "at least 1 days"),
        ("design: before-after", "design: vibes", 17, "`before-after` or `randomised`"),
        ("baseline: {from: 2026-03-01, to: 2026-05-15}", "baseline: {from: 2026-05-15, to: 2026-03-01}", 18, "before it begins"),
        ("baseline: {from: 2026-03-01, to: 2026-05-15}", "baseline: {from: 2026-03-01}", 18, "`baseline` needs `to`"),
        ("baseline: {from: 2026-03-01, to: 2026-05-15}", "baseline: {from: soon, to: 2026-05-15}", 18, "must be a date"),
        ("baseline: {from: 2026-03-01, to: 2026-05-15}\n", "", 1, "an outcome needs `baseline`"),
        ("target: -40%", "target: +40%", 19, "is no decrease"),
        ("target: -40%", "target: better", 19, "must be a number"),
        ("target: -40%", "target: .nan", 19, "must be a number"),
        ("target: -40%", "target: true", 19, "must be a number"),
        ("errors:\n", "errors: []\nx:\n", 22, "`errors` is empty"),
        ("severity: annoyance", "severity: mild", 23, "`annoyance` or `money`"),
        ("max_rate: 0.05", "max_rate: 5", 23, "at most 1"),
        ("confidence: 0.95", "confidence: 95", 23, "at most 0.9999"),
        (", cost: 15", "", 23, "an error needs `cost`"),
        ("cost: 15", "cost: .inf", 23, "must be a number"),
        ("criterion: slower than the baseline for two reviews", "criterion: ''", 24, "`criterion` is empty"),
        (", authority: Grace Hopper <grace@example.org>", "", 24, "`kill` needs `authority`"),
        ("unit: ticket\n", "unit: ticket\nunit: order\n", 15, "`unit` is there twice"),
        ("review: 30d", "review: 30d\nguardrails: [{name: a, sql: select 1, aggregate: mean}]", 22, "exactly one of `at_least`, `at_most`"),
        ("review: 30d", "review: 30d\nadoption: {query: select 1}", 22, "unknown key `query`"),
        ("review: 30d", "review: 30d\nvalue_per_unit: lots", 22, "must be a number"),
    ],
)
def test_each_fault_is_told_with_its_line(old: str, new: str, line: int, said: str) -> None:
    told = problems(changed((old, new)))
    assert any(item.startswith(f"{FILE}:{line}: ") and said in item for item in told), told


@pytest.mark.parametrize("text", ["", "\n", "[]", "just words", "kind: Outcome\n---\nkind: Outcome\n", "a: [1\n", "\x00"])
def test_what_is_no_outcome_is_told_and_nothing_is_read(text: str) -> None:
    found, wrong = outcomes.parse(text, FILE)
    assert found is None
    assert len(wrong) == 1
    assert wrong[0].startswith(f"{FILE}:")


def test_every_missing_key_is_named_at_once() -> None:
    told = " ".join(problems("kind: Outcome\n"))
    for key in ("id", "change", "beneficiary", "owner", "metric", "aggregate", "direction", "unit", "maturity", "design", "baseline",
                "target", "horizon", "review", "errors", "kill"):  # fmt: skip
        assert f"an outcome needs `{key}`" in told


def test_a_forward_comparison_needs_no_baseline() -> None:
    assert problems(changed(("design: before-after", "design: randomised"), ("baseline: {from: 2026-03-01, to: 2026-05-15}\n", ""))) == []


def test_the_digest_ignores_layout_and_sees_every_value() -> None:
    def digest(text: str) -> str:
        found = outcomes.parse(text, FILE)[0]
        assert found is not None
        return found.digest

    assert digest("# a comment\n" + OUTCOME.replace("unit: ticket", "unit:   'ticket'")) == digest(OUTCOME)
    assert digest(changed(("target: -40%", "target: -41%"))) != digest(OUTCOME)
    assert digest(changed(("to: 2026-05-15", "to: 2026-05-16"))) != digest(OUTCOME)


def test_two_files_may_not_share_an_id() -> None:
    texts = {"outcomes/a.yaml": OUTCOME, "outcomes/b.yaml": OUTCOME, "other.yaml": "x: 1"}
    gathered = outcomes.gather(texts, texts.__getitem__, ("outcomes/*.yaml",))
    assert gathered.files == ("outcomes/a.yaml", "outcomes/b.yaml")
    assert [item.file for item in gathered.outcomes] == ["outcomes/a.yaml"]
    assert gathered.problems == ("outcomes/b.yaml:2: `id` must be its own, `resolution-time` is also that of outcomes/a.yaml",)


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    _, told = outcomes.parse(text, FILE)
    assert told


@given(st.sampled_from(OUTCOME.splitlines()), st.sampled_from(["", "{}", "[]", "null", "3", "-", "'x'", "{a: {b: 1}}", "true"]))
def test_no_value_in_a_field_makes_it_raise(line: str, value: str) -> None:
    key = line.partition(":")[0]
    outcomes.parse(OUTCOME.replace(line, f"{key}: {value}"), FILE)
