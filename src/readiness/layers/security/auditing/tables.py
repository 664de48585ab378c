"""What differs on the tables themselves: privileges, row security, row policies, owners."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.formats.access_audit import Drift, Source
from readiness.layers.security.auditing.wanted import Wanted
from readiness.layers.security.render_access import Differences, compared, on
from readiness.layers.security.render_condition import identifier
from readiness.layers.security.standing import PUBLIC, Held, Standing

_UNBOUND = {
    "truncate": "empties the table, whatever row policies say",
    "references": "learns by foreign keys which values there are, whatever row policies say",
    "trigger": "runs code of its own on every row that others write",
    "maintain": "locks and rewrites the table",
}


def compare(wanted: Wanted) -> Iterator[Drift]:
    """Everything that differs on the tables, table by table."""
    for one in wanted.standing:
        found = compared(wanted.grants(one), wanted.rules(one), one, rows=wanted.by_row(one))
        yield from (_held(held, one, wanted) for held in found.excess)
        yield from (_passed_on(held, one) for held in found.passed_on)
        yield from _missing(found, one, wanted)
        yield from _rows(found, one, wanted)
        yield from _owned(one, wanted)


def _held(held: Held, one: Standing, wanted: Wanted) -> Drift:
    what = f"{held.privilege}{f' ({held.column})' if held.column else ''}"
    source = Source.PUBLIC if held.grantee == PUBLIC else Source.COLUMN_GRANT if held.column else Source.GRANT
    who = "everybody" if held.grantee == PUBLIC else held.grantee
    more = f": {_UNBOUND[held.privilege]}" if held.privilege in _UNBOUND else ""
    text = f"{who} has {what} on {one.called}{more}{', and may give it on' if held.grantable else ''}"
    return Drift(source, held.grantee, one.called, text, held.privilege, held.column, wanted.forbids(one, held.privilege, held.column))


def _passed_on(held: Held, one: Standing) -> Drift:
    text = f"{held.grantee} may give on {held.privilege} on {one.called}, which is its own to have only"
    return Drift(Source.GRANT_OPTION, held.grantee, one.called, text, held.privilege, held.column)


def _missing(found: Differences, one: Standing, wanted: Wanted) -> Iterator[Drift]:
    taken = {(held.grantee, held.privilege, held.column) for held in one.held}
    for grant in found.missing:
        if (grant.role, grant.verb, grant.column) in taken or grant.role not in wanted.roles:
            continue
        text = f"{grant.role} lacks {grant.verb}{f' ({grant.column})' if grant.column else ''} on {one.called}"
        policies = wanted.compiled.sources.get(grant, ())
        yield Drift(Source.MISSING_GRANT, grant.role, one.called, text, grant.verb, grant.column, policies, opens=False)


def _rows(found: Differences, one: Standing, wanted: Wanted) -> Iterator[Drift]:
    if not wanted.by_row(one):
        if one.enabled:
            text = f"row security is on for {one.called}, whose rows no policy decides on: it hides them"
            repair = f"alter table {on(one.facts)} disable row level security"
            yield Drift(Source.ROW_SECURITY, "", one.called, text, opens=False, repair=repair)
        return
    skipped = wanted.sources([one])
    if not one.enabled:
        yield Drift(Source.ROW_SECURITY, "", one.called, f"row security is not on for {one.called}", policies=skipped)
    if not one.forced:
        text = f"row security does not bind {one.owner}, the owner of {one.called}: it is not forced"
        yield Drift(Source.ROW_SECURITY, one.owner, one.called, text, policies=skipped)
    rules = {rule.name: rule for rule in wanted.rules(one)}
    for policy in found.foreign:
        rule = rules.get(policy.name)
        said = f"the row policy {policy.name} on {one.called}"
        role = policy.roles[0] if len(policy.roles) == 1 else ""
        if rule is not None:
            yield Drift(
                Source.ROW_POLICY, role, one.called, f"{said} is not what the policy comes to", policy.verb, policies=(rule.source,)
            )
        elif policy.permissive:
            yield Drift(Source.ROW_POLICY, role, one.called, f"{said} permits {policy.verb} to {', '.join(policy.roles)}", policy.verb)
        else:
            yield Drift(Source.ROW_POLICY, role, one.called, f"{said} forbids what policies permit", policy.verb, opens=False)
    there = {policy.name for policy in one.policies}
    for rule in found.lacking:
        if rule.name not in there and (not rule.role or rule.role in wanted.roles):
            text = f"{one.called} lacks the row policy {rule.name}"
            yield Drift(Source.ROW_POLICY, rule.role, one.called, text, rule.verb, policies=(rule.source,), opens=not rule.role)


def _owned(one: Standing, wanted: Wanted) -> Iterator[Drift]:
    if one.owner not in wanted.trusted:
        text = f"{one.owner} owns {one.called}: it has every right on it, and can give them and take row policies away"
        repair = f'alter table {on(one.facts)} owner to …, or administrators = ["{one.owner}"] in [security]'
        yield Drift(Source.OWNERSHIP, one.owner, one.called, text, policies=wanted.sources([one]), repair=repair)


def altered(role: str, what: str) -> str:
    """The statement that takes a property from a role."""
    return f"alter role {identifier(role)} {what}"
