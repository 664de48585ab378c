"""Puts it together: policies as compiled, tables as they stand and all that lies around them give every difference."""

from __future__ import annotations

from readiness.formats.access_audit import Audited, Drift, Source
from readiness.layers.security.auditing import people, tables, ways_around
from readiness.layers.security.auditing.wanted import Wanted

_GRANTED = (Source.GRANT, Source.COLUMN_GRANT)


def compare(wanted: Wanted) -> Audited:
    """Every difference, in a fixed order: the tables first, then roles, then ways around."""
    on_tables = list(tables.compare(wanted))
    in_roles = people.compare(wanted, [drift for drift in on_tables if drift.source in _GRANTED])
    calls, unseen = ways_around.functions(wanted)
    found = (*on_tables, *in_roles, *ways_around.compare(wanted), *calls)
    return Audited(
        wanted.around.database,
        tuple(dict.fromkeys(sorted(found, key=_place))),
        (*wanted.around.unseen, *unseen),
        tuple(_notes(wanted)),
        len(wanted.standing),
        len(wanted.around.roles),
    )


def _place(drift: Drift) -> tuple[int, str, str, str]:
    return (list(Source).index(drift.source), drift.table, drift.role, drift.text)


def _notes(wanted: Wanted) -> list[str]:
    first = [role.name for role in wanted.around.roles if role.first and role.name in wanted.trusted]
    notes = [f"{name} is the superuser that the cluster began with: nothing binds it" for name in first]
    named = sorted(wanted.administrators & wanted.trusted & set(wanted.roles))
    return [*notes, *(f"{name} administers, as the manifest says: what it can do is not compared" for name in named)]
