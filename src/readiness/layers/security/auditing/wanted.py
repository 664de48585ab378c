"""What policies come to, by table, and who is trusted to administer: asked by every comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from readiness.layers.security.auditing.reach import INHERITS, Reach
from readiness.layers.security.auditing.surroundings import Role, Surroundings
from readiness.layers.security.binding import VERBS
from readiness.layers.security.compiling import Compiled, Grant, Rule
from readiness.layers.security.standing import PUBLIC, Standing


@dataclass
class Wanted:
    """The policies as they were compiled, the tables as they stand, and what lies around them.

    `trusted` are roles that administer, whom no policy binds: those the project names, and the cluster's own superuser.
    """

    compiled: Compiled
    standing: Sequence[Standing]
    around: Surroundings
    administrators: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of roles that the project describes: the roles they are in, over any number of steps."""

    @cached_property
    def roles(self) -> Mapping[str, Role]:
        """The roles there are, by name."""
        return {role.name: role for role in self.around.roles}

    @cached_property
    def trusted(self) -> frozenset[str]:
        """Roles that nothing is said about; one that policies name is bound by them."""
        first = {role.name for role in self.around.roles if role.first}
        return (self.administrators | first) - set(self.compiled.roles)

    @cached_property
    def exempt(self) -> frozenset[str]:
        """Roles about which there is nothing to say that is not said elsewhere: trusted ones, superusers, PostgreSQL's own."""
        others = {role.name for role in self.around.roles if role.superuser or role.predefined}
        return self.trusted | others

    @cached_property
    def reach(self) -> Reach:
        """The memberships."""
        return Reach(self.around.memberships)

    @cached_property
    def rowed(self) -> frozenset[tuple[str, str]]:
        """The tables whose rows are decided on."""
        return frozenset((table.schema, table.name) for table in self.compiled.by_row)

    @cached_property
    def _rules(self) -> Mapping[tuple[str, str], list[Rule]]:
        found: dict[tuple[str, str], list[Rule]] = {}
        for rule in self.compiled.rules:
            found.setdefault((rule.table.schema, rule.table.name), []).append(rule)
        return found

    @cached_property
    def _grants(self) -> Mapping[tuple[str, str], list[Grant]]:
        found: dict[tuple[str, str], list[Grant]] = {}
        for grant in self.compiled.grants:
            found.setdefault((grant.schema, grant.table), []).append(grant)
        return found

    def rules(self, one: Standing) -> list[Rule]:
        """The row policies a table should have."""
        return self._rules.get((one.facts.schema, one.facts.name), [])

    def grants(self, one: Standing) -> list[Grant]:
        """The privileges on a table that roles should have."""
        return self._grants.get((one.facts.schema, one.facts.name), [])

    def by_row(self, one: Standing) -> bool:
        """Whether the rows of a table are decided on."""
        return (one.facts.schema, one.facts.name) in self.rowed

    def sources(self, tables: Iterable[Standing]) -> tuple[str, ...]:
        """The policies that decide on the rows of tables, each once."""
        return tuple(dict.fromkeys(rule.source for one in tables for rule in self.rules(one)))

    def forbids(self, one: Standing, verb: str, column: str = "") -> tuple[str, ...]:
        """The policies that take a privilege from everybody."""
        said = [
            source
            for (table, what, name), sources in self.compiled.closed.items()
            if table == one.facts.name and what == verb and (not column or name in ("", column))
            for source in sources
        ]
        return tuple(dict.fromkeys(said))

    def unbound(self, role: str, one: Standing, verb: str) -> bool:
        """Whether policies permit a role that of every row and column of a table, so that no way around gives more."""
        if not any(grant.role == role and grant.verb == verb and not grant.column for grant in self.grants(one)):
            return False
        rules = [rule for rule in self.rules(one) if rule.verb in (verb, "all")]
        free = any(rule.role == role and rule.condition == "true" for rule in rules)
        return not self.by_row(one) or (free and all(rule.role for rule in rules))

    @cached_property
    def holders(self) -> Mapping[str, frozenset[str]]:
        """Of each table, by `schema.name`: every role that has some right on it, by itself or inherited; not superusers."""
        members: dict[str, set[str]] = {}
        found = {}
        for one in self.standing:
            direct = {one.owner, *(held.grantee for held in one.held if held.privilege in VERBS)}
            for role in direct - set(members):
                members[role] = {name for name, way in self.reach.into(role).items() if way.how == INHERITS}
            everybody = set(self.roles) if PUBLIC in direct else set()
            found[one.called] = frozenset(direct.union(everybody, *(members[role] for role in direct)))
        return found


def named(tables: Sequence[Standing]) -> str:
    """Tables in a few words: their names, or how many there are."""
    return ", ".join(one.called for one in tables) if len(tables) <= 3 else f"{len(tables)} tables"
