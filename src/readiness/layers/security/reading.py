"""Which roles policies let read the rows of a table, and what they decide on rows that a role got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from readiness.errors import CannotJudge
from readiness.layers.security import binding, catalogue, people, render_retrieval, row_decisions
from readiness.layers.security.auditing.whole import wanted
from readiness.layers.security.people import Person
from readiness.layers.security.recreated import Recreated
from readiness.layers.security.row_decisions import Decisions, Row

if TYPE_CHECKING:
    import psycopg

    from readiness.layers.security.binding import Bound


@dataclass(frozen=True, slots=True)
class Reading:
    """The people that may read some rows of a table, and what decides on them."""

    people: tuple[Person, ...]
    bound: Bound
    decisions: Decisions
    reader: psycopg.Connection

    @property
    def roles(self) -> list[str]:
        """Their names."""
        return [person.role for person in self.people]

    def allowed(self, role: str, handles: list[str]) -> dict[str, bool]:
        """By handle whether policies let a role read a row, where they say so."""
        person = next(one for one in self.people if one.role == role)
        table = self.bound.table
        text = render_retrieval.rows(render_retrieval.table(table.schema, table.name), table.key)
        rows = [Row(*row) for row in self.reader.execute(text.encode(), {"handles": handles}).fetchall()]
        decided = self.decisions.of(person, "select", self.bound, rows)
        return {handle: said.allowed for handle, said in decided.items() if said is not None}


def of(found: Recreated, reader: psycopg.Connection, schema: str, name: str) -> Reading | None:
    """Who may read a table; None where no policy decides on its rows, or the policies mean nothing in this database."""
    try:
        whole = wanted(found.access, reader, found.administrators | found.ours, found.policies)
    except CannotJudge:
        return None
    declared = found.access.schema.declared
    bound = binding.bind(declared, catalogue.look(reader, binding.tables(declared)).tables)
    one = row_decisions.tables(bound).get((schema, name))
    if one is None:
        return None
    everybody, _ = people.of(whole, found.ours, 0)
    grants = [grant for grant in whole.compiled.grants if (grant.schema, grant.table, grant.verb) == (schema, name, "select")]
    readers = tuple(person for person in everybody if people.permitted(person, [one for one in grants if not one.column]))
    return Reading(readers, one, Decisions(found.access, found.policies, bound, whole.compiled.types), reader)
