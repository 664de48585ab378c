"""Compiles access policies to privileges and row-level security of PostgreSQL; what cannot be compiled is refused, closed.

A permit becomes a permissive policy for the role it names, a forbid a restrictive one for everybody. What policies say of
columns becomes privileges. One refusal refuses the whole, since a policy that is left out opens what it forbids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cedarpy import policies_to_pst, pst

from readiness.formats.cedar import Action, Declared, Policy, guards
from readiness.layers.security.binding import BY_COLUMN, NAME_LIMIT_BYTES, VERBS, Binding, Bound, TableFacts
from readiness.layers.security.render_condition import Asked, Refused, boolean, literal, member

_NO_ROLES: Final = frozenset({"public", "none", "current_user", "session_user", "current_role"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy of a table: permissive for `role`, or restrictive for everybody where `role` is empty.

    `verb` may be `all`; `source` is the policy it comes from, `id at file:line`.
    """

    table: TableFacts
    name: str
    verb: str
    role: str
    condition: str
    source: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A privilege of a role on a table, or on one of its columns."""

    schema: str
    table: str
    verb: str
    role: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the policies come to; where something is refused there are no rules and no grants.

    `by_row` are those of the tables whose rows are decided on, so that row security has to count for them; `roles` are
    all that policies name. `sources` are the permits that a grant comes from, `closed` the forbids that take a privilege on
    a column of a table from everybody.
    """

    tables: tuple[TableFacts, ...] = ()
    by_row: tuple[TableFacts, ...] = ()
    roles: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    grants: tuple[Grant, ...] = ()
    refused: tuple[str, ...] = ()
    sources: Mapping[Grant, tuple[str, ...]] = field(default_factory=dict)
    closed: Mapping[tuple[str, str, str], tuple[str, ...]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    """Of each role that policies name, the type of entity it is."""


@dataclass(frozen=True, slots=True)
class _Permitted:
    """A role, and what must be true of the current user besides being in it."""

    role: str
    condition: str = "true"


def compile_policies(policies: Sequence[Policy], declared: Declared, binding: Binding) -> Compiled:
    """Rules and grants for the policies, in a fixed order."""
    worker = _Compiler(declared, binding)
    for policy in policies:
        try:
            worker.policy(policy)
        except Refused as error:
            worker.refused.append(f"{policy.place}: policy `{policy.id}`: {error} cannot be compiled")
        except ValueError as error:  # the engine's own bound on nesting
            worker.refused.append(f"{policy.place}: policy `{policy.id}`: cannot be compiled: {error}")
    worker.rules = _merged(worker.rules)
    refused = (*binding.refused, *worker.refused, *worker.doubled(), *worker.taken())
    tables = {bound.table.name: bound.table for bound in (*binding.rows.values(), *binding.columns.values())}
    if refused:
        return Compiled(refused=refused)
    rules = tuple(sorted(worker.rules, key=lambda rule: (rule.table.schema, rule.table.name, rule.name)))
    by_row = {bound.table.name for bound in binding.rows.values()}
    ordered = tuple(tables[name] for name in sorted(tables))
    rowed = tuple(table for table in ordered if table.name in by_row)
    grants = worker.granted()
    sources = {grant: tuple(sorted(worker.grants[grant])) for grant in grants if grant in worker.grants}
    closed = {key: tuple(sorted(said)) for key, said in worker.closed.items()}
    named = dict(sorted(worker.named.items()))
    return Compiled(ordered, rowed, tuple(named), rules, tuple(sorted(grants)), (), sources, closed, named)


def _merged(rules: Sequence[Rule]) -> list[Rule]:
    """The rules, where one policy says the same of all that can be done with a row as one rule for all of it."""
    kept: dict[tuple[str, str, str, str, str], list[Rule]] = {}
    for rule in rules:
        kept.setdefault((rule.table.schema, rule.table.name, rule.source, rule.role, rule.condition), []).append(rule)
    found: list[Rule] = []
    for same in kept.values():
        whole = {rule.verb for rule in same} == set(VERBS)
        found += [replace(same[0], verb="all", name=same[0].name.removesuffix(f"_{same[0].verb}"))] if whole else same
    return found


class _Compiler:
    def __init__(self, declared: Declared, binding: Binding) -> None:
        self.declared = declared
        self.binding = binding
        self.refused: list[str] = []
        self.rules: list[Rule] = []
        self.grants: dict[Grant, set[str]] = {}
        self.closed: dict[tuple[str, str, str], set[str]] = {}
        self.named: dict[str, str] = {}

    def policy(self, policy: Policy) -> None:
        """Adds what a policy comes to. Raises Refused where it cannot be compiled."""
        if policy.template:
            raise Refused("a template, which decides nothing by itself,")
        (node,) = policies_to_pst(policy.text).static_policies.values()
        meant = [action for action in self.declared.actions if action.uid in self.binding.verbs and self._names(node.action, action)]
        pairs = [(action, name) for action in meant for name in action.resources if self._covers(node.resource, name)]
        if guards.budget_of(policy) and any(name in self.binding.rows or name in self.binding.columns for _, name in pairs):
            raise Refused("a budget, which a database does not count,")
        found = [(action, bound) for action, name in pairs if (bound := self.binding.rows.get(name)) is not None]
        verbs = {self.binding.verbs[action.uid] for action, _ in found}
        for action, bound in found:
            self._row(policy, node, action, bound, several=len(verbs) > 1)
        for action, name in pairs:
            if (bound := self.binding.columns.get(name)) is not None:
                self._columns(policy, node, action, bound)

    def _names(self, scope: pst.ActionConstraint, action: Action) -> bool:
        groups = self._groups(action)
        match scope:
            case pst.ActionEq(uid):
                return str(uid) == action.uid
            case pst.ActionIn(uids):
                return bool(groups & {str(uid) for uid in uids})
            case _:
                return True

    def _groups(self, action: Action) -> frozenset[str]:
        found, todo = {action.uid}, list(action.groups)
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                todo += [up for other in self.declared.actions if other.uid == one for up in other.groups]
        return frozenset(found)

    @staticmethod
    def _covers(scope: pst.PrincipalOrResourceConstraint, name: str) -> bool:
        match scope:
            case pst.ScopeEq(pst.EntityUid() as uid):
                return str(uid.type) == name
            case pst.ScopeIs(kind):
                return str(kind) == name
            case pst.ScopeAny():
                return True
            case _:
                raise Refused("`resource in …`")

    # --- rows --------------------------------------------------------------------------------------------------------------

    def _row(self, policy: Policy, node: pst.Template, action: Action, bound: Bound, *, several: bool) -> None:
        asked = Asked(action, bound, action.principals, self.binding, self._groups(action))
        for uid in sorted(pst.entity_uids(node.clauses), key=str):
            if str(uid.type) in self.binding.roles and str(uid.type) not in action.principals:
                self._role(uid)
        parts = [boolean(self._clause(clause), asked) for clause in node.clauses]
        if isinstance(node.resource, pst.ScopeEq) and isinstance(node.resource.entity, pst.EntityUid):
            same = pst.BinaryOp("eq", pst.Var("resource"), pst.EntityLit(node.resource.entity))
            parts.insert(0, boolean(same, asked))
        verb = self.binding.verbs[action.uid]
        name = f"{policy.id}_{verb}" if several else policy.id
        self._fits(name, "the name of the policy")
        table = bound.table
        if node.effect == "forbid":
            parts.insert(0, self._whoever(node.principal, action))
            self.rules.append(Rule(table, name, verb, "", f"(not coalesce({_all(parts)}, true))", said(policy)))
            return
        who = self._permitted(node.principal, action)
        self.rules.append(Rule(table, name, verb, who.role, _all([who.condition, *parts]), said(policy)))
        if verb not in BY_COLUMN or not self._by_column(table):
            self._grant(Grant(table.schema, table.name, verb, who.role), policy)

    def _grant(self, grant: Grant, policy: Policy) -> None:
        self.grants.setdefault(grant, set()).add(said(policy))

    @staticmethod
    def _clause(clause: pst.Clause) -> pst.Expr:
        return clause.expr if isinstance(clause, pst.When) else pst.UnaryOp("not", clause.expr)

    def _permitted(self, scope: pst.PrincipalOrResourceConstraint, action: Action) -> _Permitted:
        match scope:
            case pst.ScopeEq(pst.EntityUid() as uid):
                return _Permitted(self._role(uid), f"(current_user = {literal(uid.id)})")
            case pst.ScopeIn(pst.EntityUid() as uid):
                return _Permitted(self._role(uid))
            case pst.ScopeIsIn(kind, pst.EntityUid() as uid) if action.principals == (str(kind),):
                return _Permitted(self._role(uid))
            case _:
                raise Refused("a permit that names no role")

    def _whoever(self, scope: pst.PrincipalOrResourceConstraint, action: Action) -> str:
        match scope:
            case pst.ScopeAny():
                return "true"
            case pst.ScopeIs(kind) if action.principals == (str(kind),):
                return "true"
            case pst.ScopeEq(pst.EntityUid() as uid):
                return f"(current_user = {literal(self._role(uid))})"
            case pst.ScopeIn(pst.EntityUid() as uid):
                return member(self._role(uid))
            case pst.ScopeIsIn(kind, pst.EntityUid() as uid) if action.principals == (str(kind),):
                return member(self._role(uid))
            case _:
                raise Refused("principals of one type among several")

    def _role(self, uid: pst.EntityUid) -> str:
        if str(uid.type) not in self.binding.roles:
            raise Refused(f"`{uid}`, which is no role,")
        self._fits(uid.id, "the name of the role")
        if uid.id.lower() in _NO_ROLES or uid.id.startswith("pg_"):
            raise Refused(f"a role called `{uid.id}`")
        if self.named.setdefault(uid.id, str(uid.type)) != str(uid.type):
            raise Refused(f"`{uid}`, which is one role with `{self.named[uid.id]}::…`,")
        return uid.id

    @staticmethod
    def _fits(name: str, what: str) -> None:
        if not 0 < len(name.encode()) <= NAME_LIMIT_BYTES:
            raise Refused(f"{what}, `{name}`, of which PostgreSQL keeps {NAME_LIMIT_BYTES} bytes,")

    # --- columns -----------------------------------------------------------------------------------------------------------

    def _by_column(self, table: TableFacts) -> bool:
        return any(bound.table == table for bound in self.binding.columns.values())

    def _columns(self, policy: Policy, node: pst.Template, action: Action, bound: Bound) -> None:
        """What a policy says of columns: of one of them, or of the table where it says it of all there are and will be."""
        verb, table = self.binding.verbs[action.uid], bound.table
        if node.clauses:
            raise Refused("a privilege on a column under a condition")
        name = node.resource.entity.id if isinstance(node.resource, pst.ScopeEq) and isinstance(node.resource.entity, pst.EntityUid) else ""
        if name and verb not in BY_COLUMN:
            raise Refused(f"`{verb}` of a column")
        if name and table.column(name) is None:
            raise Refused(f"`{bound.type.name}::{name}`, which `{table.name}` does not have,")
        if verb not in BY_COLUMN and any(one.table == table for one in self.binding.rows.values()):
            raise Refused(f"`{verb}` of columns whose rows are decided on,")
        if node.effect == "forbid":
            if self._whoever(node.principal, action) != "true":
                raise Refused("a privilege taken from some roles only, whose members keep it through others,")
            self.closed.setdefault((table.name, verb, name), set()).add(said(policy))
            return
        if isinstance(node.principal, pst.ScopeEq):
            raise Refused("a privilege on a column for one principal, which members of that role inherit,")
        role = self._permitted(node.principal, action).role
        self._grant(Grant(table.schema, table.name, verb, role, name), policy)

    def granted(self) -> set[Grant]:
        """The privileges that no forbid takes back; one on a table of which a column is forbidden is one on each other."""
        found: set[Grant] = set()
        tables = {(bound.table.schema, bound.table.name): bound.table for bound in self.binding.columns.values()}
        for grant in list(self.grants):
            closed = {column for table, verb, column in self.closed if (table, verb) == (grant.table, grant.verb)}
            if "" in closed or (grant.column and grant.column in closed):
                continue
            if grant.column or not closed:
                found.add(grant)
                continue
            for column in tables[grant.schema, grant.table].columns:
                if column.name not in closed:
                    one = replace(grant, column=column.name)
                    self.grants.setdefault(one, set()).update(self.grants[grant])
                    found.add(one)
        whole = {replace(grant, column="") for grant in found if not grant.column}
        return {grant for grant in found if not grant.column or replace(grant, column="") not in whole}

    def doubled(self) -> list[str]:
        """Refuses two policies of a table that would bear one name."""
        seen: set[tuple[str, str]] = set()
        found = []
        for rule in self.rules:
            key = (rule.table.name, rule.name)
            if key in seen:
                found.append(f"policy `{rule.name}`: the table `{rule.table.name}` would have two policies of that name")
            seen.add(key)
        return found

    def taken(self) -> list[str]:
        """Refuses two tables of one name, which their entity types could not be told by."""
        tables = {bound.table for bound in (*self.binding.rows.values(), *self.binding.columns.values())}
        names = [table.name for table in tables]
        return [f"the table `{name}` is there in two schemas" for name in sorted({name for name in names if names.count(name) > 1})]


def _all(parts: list[str]) -> str:
    kept = [part for part in parts if part != "true"]
    return f"({' and '.join(kept)})" if kept else "true"


def said(policy: Policy) -> str:
    """A policy as it is named where it is the reason for something: `id at file:line`."""
    return f"{policy.id} at {policy.place}"
