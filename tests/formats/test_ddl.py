"""Tables as SQL defines them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import ddl


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        (
            "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(10) NOT NULL DEFAULT 'a,b)');",
            {"t": {"id": "bigint", "name": "varchar(10)"}},
        ),
        (
            "create table if not exists s.t (a numeric(10, 2), b double precision, primary key (a));",
            {"s.t": {"a": "numeric(10,2)", "b": "double precision"}},
        ),
        ('create temp table "T x" ("A b" text collate "C", check (1 > 0));', {"T x": {"A b": "text"}}),
        ("create table t (a int); -- drop table t;\n/* drop table t; */", {"t": {"a": "int"}}),
        ("create table t (a int); drop table if exists t, u cascade;", {}),
        (
            "create table t (a int); alter table only t add column if not exists b vector(384), alter column a type bigint;",
            {"t": {"a": "bigint", "b": "vector(384)"}},
        ),
        (
            "create table t (a int, b int); alter table t drop column if exists b cascade; alter table t rename a to c;",
            {"t": {"c": "int"}},
        ),
        ("create table s.t (a int); alter table s.t rename to u;", {"s.u": {"a": "int"}}),
        (
            "create table t (a int); alter table t add constraint x check (a > 0); alter table t drop constraint x;",
            {"t": {"a": "int"}},
        ),
        ("create function f() returns void as $$ drop table t; $$ language sql; create table t (a int);", {"t": {"a": "int"}}),
        ("insert into t values ('create table x (a int);');", {}),
        ("create table t (a int", {"t": {"a": "int"}}),
    ],
)
def test_tables_are_found(text: str, tables: ddl.Tables) -> None:
    assert ddl.apply(text) == tables


@given(st.text("create table t(a int,);'\"-$ drop alter\n", max_size=120))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(ddl.apply(text, {"t": {"a": "int"}}), dict)
