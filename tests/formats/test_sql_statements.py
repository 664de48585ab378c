"""A text of SQL is split where the server's own client splits it, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.sql_statements import Statement, split

WHOLE = [
    "select 'a;b'",
    "select 'it''s; here'",
    r"select E'a\';b'",
    'select "a;b"',
    "select $$a;b$$",
    "select $x$ $$ ; $x$",
    "select 1 /* a; /* b; */ c; */ + 1",
    "select 1 -- a; b\n + 1",
    "create rule r as on insert to t do also (insert into a values (1); insert into b values (2))",
    "create function f() returns int language sql begin atomic select 1; select case when true then 1 end; end",
    "create or replace procedure p() language sql begin atomic insert into t values (1); end",
    "do $$ begin perform 1; end $$",
    "select a$b, $1",
    "select (1, (2))",
]


@pytest.mark.parametrize("text", WHOLE)
def test_a_statement_is_not_cut_within(text: str) -> None:
    assert [item.text for item in split(f"{text};\nselect 2")] == [text, "select 2"]


@given(st.lists(st.sampled_from(WHOLE), max_size=5), st.sampled_from(["\n", "\n\n-- note; more\n", " /* ; */ "]))
def test_statements_come_out_as_they_went_in(texts: list[str], between: str) -> None:
    assert [item.text for item in split(between.join(f"{text};" for text in texts))] == texts


@given(st.text(alphabet=";'\"$\\/*-()ab \n", max_size=60))
def test_any_text_is_split_without_a_word_lost(text: str) -> None:
    found = split(text)
    assert all(item.text and item.text in text for item in found)
    assert all(1 <= item.line <= text.count("\n") + 1 for item in found)


def test_lines_are_those_of_the_file() -> None:
    found = split("-- one\n\nselect 1;\n\nselect\n  2;", line=10)
    assert [(item.text, item.line) for item in found] == [("select 1", 12), ("select\n  2", 14)]
    assert found[1].line_at(8) == 15
    assert found[1].line_at(0) == 14


def test_commands_of_the_client_and_rows_for_it_are_told_apart() -> None:
    found = split("\\connect shop\ncopy t from stdin;\n1;2\n\\.\nselect 1;")
    assert found == (
        Statement("\\connect shop", 1, client=True),
        Statement("copy t from stdin", 2, client=True),
        Statement("select 1", 5),
    )


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("create index concurrently i on t (a)", True),
        ("/* x */ vacuum t", True),
        ("commit", True),
        ("create index i on t (a)", False),
        ("insert into t values ('concurrently')", False),
        ("comment on table t is 'begin'", False),
    ],
)
def test_what_runs_in_no_transaction_is_known(text: str, alone: bool) -> None:
    assert split(text)[0].alone is alone


def test_nothing_is_no_statement() -> None:
    assert split(" ;; -- only a note\n/* and this */") == ()
