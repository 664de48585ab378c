"""A metric's query: run over files of every kind, never beyond them; each bad row is told, and each failure with its line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import outcomes
from readiness.formats.outcomes import Aggregate, Outcome, Window
from readiness.layers.measurement import metric, reading, units
from readiness.layers.measurement.units import Unit
from readiness.sequence.finding import Cause
from readiness.testing.projects import make_repository
from readiness.world import project as projects
from tests.layers.desk import FILE, OUTCOME, changed, files, tickets


def read(text: str = OUTCOME) -> Outcome:
    found, wrong = outcomes.parse(text, FILE)
    assert wrong == []
    assert found is not None
    return found


def project(tmp_path: Path, more: dict[str, str] | None = None) -> projects.Project:
    return projects.load(make_repository(tmp_path / "desk", files() | (more or {})))


def asked(tmp_path: Path, sql: str, **fields: object) -> metric.Measured:
    outcome = read()
    return metric.of_project(project(tmp_path), replace(outcome, metric=replace(outcome.metric, sql=sql), **fields))  # type: ignore[arg-type]


def test_the_units_of_a_csv_are_read(tmp_path: Path) -> None:
    measured = metric.of_project(project(tmp_path), read())
    assert (measured.cause, measured.problems, len(measured.units)) == (Cause.NONE, (), 120)
    assert measured.units[1] == Unit("T1", datetime(2026, 3, 1, 18, tzinfo=UTC), True, 21.0)
    assert measured.tables == {"events": ("ticket", "opened_at", "closed_at", "channel", "reopened")}
    assert measured.reading.tables == ("events",)
    assert measured.reading.value == {"opened_at", "closed_at"}


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv"])
def test_several_files_of_each_kind_are_one_table(tmp_path: Path, kind: str) -> None:
    root = make_repository(tmp_path / "desk", files(changed(("data/tickets.csv", f"data/part*.{kind}"))))
    for number in range(2):
        target = root / f"data/part{number}.{kind}"
        if kind == "parquet":
            with duckdb.connect() as connection:
                connection.execute(f"copy (select * from read_csv('{root}/data/tickets.csv') limit 5 offset {number * 5}) to '{target}'")
        elif kind == "jsonl":
            rows = [{"ticket": f"T{number}{i}", "opened_at": "2026-03-01T00:00:00", "closed_at": "2026-03-02T00:00:00"} for i in range(5)]
            target.write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            target.write_text("\n".join(tickets().splitlines()[:1] + tickets().splitlines()[1 + number * 5 : 6 + number * 5]) + "\n")
    measured = metric.of_project(projects.load(root), read(changed(("data/tickets.csv", f"data/part*.{kind}"))))
    assert (measured.problems, len(measured.units)) == ((), 10)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("from events", "from ticketz", 11, "ticketz"),
        ("opened_at as occurred_at", "opend_at as occurred_at", 9, "opend_at"),
        ("closed_at) as value", "closed_at) as hours", 9, "must return `value`, it returns unit_id, occurred_at, complete, hours"),
        ("    from events", "    frm events", 11, "syntax error"),
        ("    from events", "    from events; select 1", 9, "must be one SELECT"),
        ("    from events", "    from events where ticket = 'none'", 9, "runs and returns no unit"),
        ("    from events", "    from read_csv('/etc/passwd')", 11, "disabled"),
        ("select ticket as unit_id", "select 1 as unit_id", 9, "unit 1 is there twice: return one row per unit, and 118 more units"),
        ("opened_at as occurred_at", "channel as occurred_at", 9, "no time in `occurred_at`"),
        ("date_diff('hour', opened_at, closed_at) as value", "closed_at - opened_at as value", 9, "no number in `value`"),
        ("date_diff('hour', opened_at, closed_at) as value", "null as value", 9, "is complete and has no `value`"),
        ("date_diff('hour', opened_at, closed_at) as value", "'nan'::double as value", 9, "no number in `value`"),
        ("aggregate: median", "aggregate: ratio", 9, "no positive `denominator`"),
    ],
)
def test_what_is_wrong_with_a_query_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    measured = metric.of_project(project(tmp_path), read(changed((old, new))))
    assert measured.cause is Cause.NONE
    assert any(number == line and said in text for number, text in measured.problems), measured.problems


def test_a_proportion_counts_noughts_and_ones(tmp_path: Path) -> None:
    outcome = read(changed(("aggregate: median", "aggregate: proportion"), ("target: -40%", "target: 0.1")))
    assert "no 0 or 1" in metric.of_project(project(tmp_path), outcome).problems[0][1]
    good = changed(
        ("aggregate: median", "aggregate: proportion"), ("target: -40%", "target: 0.1"),
        ("date_diff('hour', opened_at, closed_at) as value", "reopened as value"),
    )  # fmt: skip
    (tmp_path / "again").mkdir()
    assert metric.of_project(project(tmp_path / "again"), read(good)).problems == ()


@pytest.mark.parametrize(
    "statement",
    [
        "copy events to '/tmp/readiness-leak.csv'",
        "attach '/tmp/readiness-leak.db'",
        "create table x as select 1",
        "install httpfs",
        "pragma version",
    ],
)
def test_nothing_but_a_select_is_run(tmp_path: Path, statement: str) -> None:
    assert asked(tmp_path, statement).problems
    assert not Path("/tmp/readiness-leak.csv").exists()
    assert not Path("/tmp/readiness-leak.db").exists()


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(tickets())
    root = make_repository(tmp_path / "desk", files(changed(("data/tickets.csv", "data/link.csv"))))
    (root / "data/link.csv").symlink_to(tmp_path / "secret.csv")
    (root / "data/loop.csv").symlink_to(root / "data/loop.csv")
    measured = metric.of_project(projects.load(root), read(changed(("data/tickets.csv", "data/link.csv"))))
    assert (measured.cause, measured.units) == (Cause.FILE, ())


def test_data_that_is_not_here_is_nobodys_fault(tmp_path: Path) -> None:
    measured = metric.of_project(project(tmp_path), read(changed(("data/tickets.csv", "warehouse/*.parquet"))))
    assert (measured.cause, measured.problems) == (Cause.FILE, ())
    assert "warehouse/*.parquet" in measured.reason


def test_a_file_that_is_no_table_is_told(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "desk", files(changed(("data/tickets.csv", "data/t.parquet"))) | {"data/t.parquet": "not parquet"})
    measured = metric.of_project(projects.load(root), read(changed(("data/tickets.csv", "data/t.parquet"))))
    assert (measured.cause, measured.problems[0][0]) == (Cause.NONE, 7)
    assert "data/t.parquet cannot be read" in measured.problems[0][1]


def test_a_type_that_changes_late_is_no_fault(tmp_path: Path) -> None:
    rows = "".join(f"T{number},2026-03-01,{number}\n" for number in range(30_000)) + "T30000,2026-03-01,n/a\n"
    text = changed(
        ("date_diff('hour', opened_at, closed_at) as value", "try_cast(hours as double) as value"),
        ("closed_at is not null", "hours <> 'n/a'"),
    )
    root = make_repository(tmp_path / "desk", files(text) | {"data/tickets.csv": f"ticket,opened_at,hours\n{rows}"})
    measured = metric.of_project(projects.load(root), read(text))
    assert (measured.problems, len(measured.units)) == ((), 30_001)
    assert not measured.units[-1].complete


def test_a_query_without_end_is_nobodys_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric, "LONGEST_S", 0.3)
    measured = asked(tmp_path, "with recursive t(x) as (select 1 union all select x + 1 from t) select count(*) as value from t")
    assert (measured.cause, measured.problems) == (Cause.NOT_EXERCISED, ())


def test_a_query_no_parser_knows_is_read_by_its_words() -> None:
    found = reading.of_text("select a as unit_id, sum(t.hours) filter (where x) as value from s.tickets t join people p using (id)")
    assert (found.tables, {"hours"} <= found.value) == (("people", "tickets"), True)


def test_a_value_is_followed_through_ctes_and_unions() -> None:
    sql = "with a as (select id, f1 as q from t) select id as unit_id, avg(q) as value from a group by 1"
    sql += " union all select id, cost as value from u"
    with duckdb.connect() as connection:
        said = connection.execute("select json_serialize_sql(?)", [sql]).fetchone()
    assert said is not None
    found = reading.of_tree(said[0])
    assert found is not None
    assert found.tables == ("t", "u")
    assert found.value == {"q", "f1", "cost"}


WINDOW = Window(date(2026, 3, 1), date(2026, 3, 31))
VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@given(VALUES, st.sampled_from([Aggregate.MEAN, Aggregate.MEDIAN]))
def test_a_baseline_lies_between_its_extremes_and_ignores_order(values: list[float], aggregate: Aggregate) -> None:
    def over(numbers: list[float]) -> units.Baseline:
        return units.measure([Unit(str(i), WINDOW.starts, True, value) for i, value in enumerate(numbers)], aggregate, WINDOW)

    found = over(values)
    assert found.value is not None
    assert min(values) - 1e-6 <= found.value <= max(values) + 1e-6
    assert found.same(over(sorted(values)))


def test_the_window_holds_its_last_day_and_open_units_do_not_count() -> None:
    last = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    found = units.measure(
        [
            Unit("in", last, True, 4, 2), Unit("after", datetime(2026, 4, 1, tzinfo=UTC), True, 9, 1),
            Unit("before", datetime(2026, 2, 28, 23, tzinfo=UTC), True, 9, 1), Unit("open", last, False, None),
        ],
        Aggregate.RATIO, WINDOW,
    )  # fmt: skip
    assert (found.units, found.open, found.value) == (1, 1, 2.0)
    assert units.measure([], Aggregate.MEAN, WINDOW).value is None


def test_the_database_of_a_demo_is_asked_reading_only(workplace: Path) -> None:
    postgres = pytest.importorskip("readiness.world.postgres")
    import psycopg

    outcome = read(changed(("source: data/tickets.csv", "source: database")))
    with postgres.Server(workplace / "pg") as server:
        address = server.ensure()
        server.create_role("desk", "secret")
        server.create_database("desk", owner="desk")
        url = address.url("desk")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "create table tickets as select i as ticket, now() as opened, i::numeric as hours from generate_series(1, 5) i"
            )

        def ask(sql: str) -> metric.Measured:
            return metric.of_database(url, replace(outcome, metric=replace(outcome.metric, sql=sql)))

        good = ask("select ticket as unit_id, opened as occurred_at,\n hours as value from tickets")
        assert (good.problems, len(good.units), good.tables["tickets"]) == ((), 5, ("ticket", "opened", "hours"))
        assert good.reading.value == {"hours"}
        assert ask("select 1 as unit_id,\n nosuch from tickets").problems == ((10, 'the query fails: column "nosuch" does not exist'),)
        assert "read-only" in ask("delete from tickets").problems[0][1]
        assert ask("select 1; delete from tickets").problems
        assert len(ask("select ticket as unit_id, opened as occurred_at, hours as value from tickets").units) == 5
