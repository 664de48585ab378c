"""Writes what policies come to as statements for PostgreSQL, in the order in which nothing is open in between."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.layers.security.binding import TableFacts
from readiness.layers.security.compiling import Compiled, Grant, Rule
from readiness.layers.security.render_condition import identifier


def statements(compiled: Compiled) -> tuple[str, ...]:
    """Every statement, without semicolons: tables are closed first, then policies are made, then privileges are granted."""
    return (
        *(text for table in compiled.tables for text in _closed(table, compiled)),
        *(_rule(rule) for rule in compiled.rules),
        *_grants(compiled),
    )


def script(compiled: Compiled) -> str:
    """The statements as one transaction, to be read and to be run."""
    return "\n".join(["begin;", *(f"{text};" for text in statements(compiled)), "commit;", ""])


def _on(table: TableFacts) -> str:
    return f"{identifier(table.schema)}.{identifier(table.name)}"


def _closed(table: TableFacts, compiled: Compiled) -> Iterator[str]:
    """Takes every privilege from a table, and of one whose rows are decided on every policy; its owner has to obey too."""
    roles = sorted({*table.grantees, *(grant.role for grant in compiled.grants if grant.table == table.name)})
    yield f"revoke all on {_on(table)} from {', '.join(['public', *map(identifier, roles)])}"
    if table in compiled.by_row:
        yield from (
            f"drop policy if exists {identifier(name)} on {_on(table)}" for name in sorted({*table.policies, *_names(table, compiled)})
        )
        yield f"alter table {_on(table)} enable row level security"
        yield f"alter table {_on(table)} force row level security"


def _names(table: TableFacts, compiled: Compiled) -> set[str]:
    return {rule.name for rule in compiled.rules if rule.table == table}


def _rule(rule: Rule) -> str:
    kind = "permissive" if rule.role else "restrictive"
    role = identifier(rule.role) if rule.role else "public"
    using = f" using ({rule.condition})" if rule.verb != "insert" else ""
    check = f" with check ({rule.condition})" if rule.verb in ("insert", "update") else ""
    return f"create policy {identifier(rule.name)} on {_on(rule.table)} as {kind} for {rule.verb} to {role}{using}{check}"


def _grants(compiled: Compiled) -> Iterator[str]:
    grouped: dict[tuple[str, str, str, str], list[Grant]] = {}
    for grant in compiled.grants:
        grouped.setdefault((grant.schema, grant.table, grant.verb, grant.role), []).append(grant)
    for (schema, table, verb, role), grants in grouped.items():
        columns = ", ".join(identifier(grant.column) for grant in grants if grant.column)
        yield f"grant {verb}{f' ({columns})' if columns else ''} on {identifier(schema)}.{identifier(table)} to {identifier(role)}"
