"""Renders the queries over a relation: the one scan, failing rows, references, and SQL rules with their names filled in."""

# ruff: noqa: S608  rendering SQL is what this module is for; names and values are quoted by render_text
from __future__ import annotations

import re
from collections.abc import Sequence

from readiness.layers.data.dialect import Form, Relation
from readiness.layers.data.plan import Clause
from readiness.layers.data.render_columns import facets
from readiness.layers.data.render_text import name, text

EXAMPLES = 3
_BRACES = re.compile(r"\$?\{\s*(object|table|model|schema|property|column|field)\s*\}")


def scan(relation: Relation, aggregates: Sequence[str]) -> str:
    """The number of rows and every aggregate, in one pass."""
    return f"SELECT {', '.join(('count(*)', *aggregates))} FROM {relation.base} AS source"


def examples(relation: Relation, predicate: str, shown: str) -> str:
    """The first rows that violate a clause: their number in the order they are read, and what is `shown` of each."""
    if relation.form is Form.POSTGRES:
        return f"SELECT NULL, {shown} FROM {relation.base} AS source WHERE {predicate} LIMIT {EXAMPLES}"
    numbered = f"(SELECT row_number() OVER () AS row_number_, * FROM {relation.base} AS source)"
    return f"SELECT row_number_, {shown} FROM {numbered} AS source WHERE {predicate} LIMIT {EXAMPLES}"


def orphans(clause: Clause, relation: Relation, target: Relation) -> str:
    """The number of rows, and of those whose reference leads to nothing; a null leads nowhere and violates nothing."""
    own = [facets(relation.columns[column], relation.form, "", "") for column in clause.columns]
    there = [facets(target.columns[column], target.form, "", "") for column in clause.target_columns]
    null = " OR ".join(item.null for item in own)
    theirs = " OR ".join(item.null for item in there)
    wanted = ", ".join(item.text for item in own)
    known = ", ".join(item.text for item in there)
    keys = f"SELECT {known} FROM {target.base} AS target WHERE NOT ({theirs})"
    return f"SELECT count(*), count(*) FILTER (WHERE NOT ({null}) AND ({wanted}) NOT IN ({keys})) FROM {relation.base} AS source"


def asked(clause: Clause, relation: Relation) -> str:
    """A SQL rule with `{object}` and `{property}` filled in by the names the engine knows."""
    table = relation.base if relation.form is Form.POSTGRES else name(relation.names[0])
    column = relation.columns.get(".".join(clause.path)) if clause.path else None

    def fill(found: re.Match[str]) -> str:
        if found[1] in ("object", "table", "model", "schema"):
            return table
        return name(column.name) if column is not None else found[0]

    return _BRACES.sub(fill, clause.query)


def physical(declared: str, actual: str) -> str:
    """PostgreSQL's own names of a declared type and of the type of a column, sizes left out; null where there is none."""
    sizeless = "'[(].*[)]', ''"
    known = f"to_regtype(trim(regexp_replace({text(declared, Form.POSTGRES)}, {sizeless})))"
    return f"SELECT CAST({known} AS text), regexp_replace({text(actual, Form.POSTGRES)}, {sizeless})"
