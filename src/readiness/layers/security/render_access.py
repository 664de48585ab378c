"""Writes what a database lacks to decide as policies do, as statements in the order in which nothing is open in between.

Only what differs is written: nothing at all where the database decides the same already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from readiness.layers.security.binding import BY_COLUMN, TableFacts
from readiness.layers.security.compiling import Compiled, Grant, Rule
from readiness.layers.security.render_condition import identifier
from readiness.layers.security.sameness import same
from readiness.layers.security.standing import PUBLIC, Held, RowPolicy, Standing


@dataclass(frozen=True, slots=True)
class Step:
    """A statement, without its semicolon; `takes` says that somebody can do less after it, or that something is gone."""

    sql: str
    takes: bool = False


@dataclass(frozen=True, slots=True)
class Differences:
    """What a table has and should not have, and the other way round. `passed_on` are privileges that may only not be given on."""

    excess: tuple[Held, ...] = ()
    passed_on: tuple[Held, ...] = ()
    missing: tuple[Grant, ...] = ()
    foreign: tuple[RowPolicy, ...] = ()
    lacking: tuple[Rule, ...] = ()


def compared(grants: list[Grant], rules: list[Rule], standing: Standing, *, rows: bool) -> Differences:
    """How a table that stands differs from the grants and rules it should have; `rows` where its rows are decided on."""
    wanted = {(grant.role, grant.verb, grant.column) for grant in grants}
    given = [held for held in standing.held if held.grantor == standing.owner and _covered(held, wanted)]
    excess = [held for held in standing.held if not _covered(held, wanted)]
    # what somebody else gave goes with the right to give it, and is given again by the owner
    passed_on = [held for held in given if held.grantable]
    taken = {(held.grantee, held.privilege) for held in excess if not held.column}
    cascading = bool(passed_on or any(held.grantable for held in excess))
    kept = {(held.grantee, held.privilege, held.column) for held in given if (held.grantee, held.privilege) not in taken or not held.column}
    others = {(held.grantee, held.privilege, held.column) for held in standing.held if held.grantor != standing.owner}
    kept |= set() if cascading else others & wanted
    missing = [grant for grant in grants if (grant.role, grant.verb, grant.column) not in kept]
    named = {policy.name: policy for policy in standing.policies}
    lacking = [rule for rule in rules if rule.name not in named or not same(rule, named[rule.name], standing)]
    right = {rule.name for rule in rules} - {rule.name for rule in lacking}
    foreign = [policy for policy in standing.policies if policy.name not in right] if rows else []
    return Differences(tuple(excess), tuple(passed_on), tuple(missing), tuple(foreign), tuple(lacking))


def _covered(held: Held, wanted: set[tuple[str, str, str]]) -> bool:
    """Whether somebody was to have a privilege; one on a column is within the one on its table."""
    return (held.grantee, held.privilege, held.column) in wanted or (held.grantee, held.privilege, "") in wanted


def steps(compiled: Compiled, standing: Iterable[Standing]) -> tuple[Step, ...]:
    """Every statement: tables are closed first, then policies are made, then privileges are granted."""
    stands = {(one.facts.schema, one.facts.name): one for one in standing}
    grants: dict[tuple[str, str], list[Grant]] = {key: [] for key in stands}
    rules: dict[tuple[str, str], list[Rule]] = {key: [] for key in stands}
    for grant in compiled.grants:
        grants[grant.schema, grant.table].append(grant)
    for rule in compiled.rules:
        rules[rule.table.schema, rule.table.name].append(rule)
    rowed = {(table.schema, table.name) for table in compiled.by_row}
    ordered = [(table.schema, table.name) for table in compiled.tables]
    found = {key: compared(grants[key], rules[key], stands[key], rows=key in rowed) for key in ordered}
    return (
        *(step for key in ordered for step in _closed(stands[key], found[key], rows=key in rowed)),
        *(Step(_rule(rule)) for key in ordered for rule in found[key].lacking),
        *(Step(text) for text in _grants(grant for key in ordered for grant in found[key].missing)),
    )


def statements(compiled: Compiled, standing: Mapping[str, Standing] | None = None) -> tuple[str, ...]:
    """The statements for tables that stand, or for tables nobody was granted anything on and without policies."""
    stands = standing.values() if standing is not None else [Standing(table, "") for table in compiled.tables]
    return tuple(step.sql for step in steps(compiled, stands))


def script(found: Iterable[Step]) -> str:
    """The statements as one transaction, to be read and to be run; empty where there are none."""
    lines = [f"{step.sql};{'  -- takes away' if step.takes else ''}" for step in found]
    return "\n".join(["begin;", *lines, "commit;", ""]) if lines else ""


def digest(found: Iterable[Step]) -> str:
    """What tells one plan from another."""
    return f"sha256:{hashlib.sha256(script(found).encode()).hexdigest()}"


def on(table: TableFacts) -> str:
    """A table as SQL names it, whatever the search path."""
    return f"{identifier(table.schema)}.{identifier(table.name)}"


def _closed(standing: Standing, found: Differences, *, rows: bool) -> Iterator[Step]:
    table = on(standing.facts)
    yield from (Step(text, takes=True) for text in _revokes(found, standing, table))
    yield from (Step(f"drop policy {identifier(policy.name)} on {table}", takes=True) for policy in found.foreign)
    if rows and not standing.enabled:
        yield Step(f"alter table {table} enable row level security", takes=True)
    if rows and not standing.forced:
        yield Step(f"alter table {table} force row level security", takes=True)


def _revokes(found: Differences, standing: Standing, table: str) -> Iterator[str]:
    """Privileges are taken back by who gave them: the owner's take those with them that were given on."""
    own = [held for held in found.excess if held.grantor == standing.owner]
    yield from _revoked(own, table, "")
    yield from _revoked(list(found.passed_on), table, "grant option for ")


def _revoked(held: list[Held], table: str, what: str) -> Iterator[str]:
    whole: dict[tuple[str, str], list[str]] = {}
    for one in held:
        whole.setdefault((one.grantee, one.column), []).append(one.privilege)
    for (grantee, column), privileges in sorted(whole.items()):
        named = ", ".join(f"{verb} ({identifier(column)})" if column else verb for verb in sorted(set(privileges)))
        yield f"revoke {what}{named} on {table} from {_role(grantee)} cascade"


def _role(name: str) -> str:
    return PUBLIC if name == PUBLIC else identifier(name)


def _rule(rule: Rule) -> str:
    kind = "permissive" if rule.role else "restrictive"
    using = f" using ({rule.condition})" if rule.verb != "insert" else ""
    check = f" with check ({rule.condition})" if rule.verb in ("insert", "update", "all") else ""
    role = identifier(rule.role) if rule.role else PUBLIC
    return f"create policy {identifier(rule.name)} on {on(rule.table)} as {kind} for {rule.verb} to {role}{using}{check}"


def _grants(missing: Iterable[Grant]) -> Iterator[str]:
    grouped: dict[tuple[str, str, str, str], list[Grant]] = {}
    for grant in missing:
        grouped.setdefault((grant.schema, grant.table, grant.verb, grant.role), []).append(grant)
    for (schema, table, verb, role), grants in grouped.items():
        columns = ", ".join(identifier(grant.column) for grant in grants if grant.column and verb in BY_COLUMN)
        yield f"grant {verb}{f' ({columns})' if columns else ''} on {identifier(schema)}.{identifier(table)} to {identifier(role)}"
