"""Contradictions are proven, samples fit their schema, decisions name their policies, and the matrix claims no more than is so."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.access_matrix import Answer
from readiness.formats.cedar import entities as entity_files
from readiness.formats.cedar.deciding import Engine, Request
from readiness.formats.cedar.entities import Entity, Uid
from readiness.layers.security import contradictions, exercise, explaining, matrix, policies, sampling
from readiness.layers.security.policies import Access

SCHEMA = """
entity Org; entity Team in [Org];
entity User in [Team] = { level: Long, nick?: String, boss?: User };
entity Kind enum ["note", "page"];
entity Doc = { owner: User, open: Bool, kind: Kind, labels: Set<String> } tags Long;
action "all";
action "read", "write" in ["all"] appliesTo { principal: User, resource: Doc, context: { ip: ipaddr, hour?: Long } };
action "drop" appliesTo { principal: User, resource: Doc };
"""


def access(*texts: str) -> Access:
    """Policies called p0, p1, …; nothing may be wrong with them."""
    whole = "\n".join(f'@id("p{number}") {text};' for number, text in enumerate(texts))
    found = policies.assess({"p.cedar": whole.encode(), "s.cedarschema": SCHEMA.encode()})
    assert found.faults == ()
    return found


def blamed(*texts: str) -> list[str]:
    found = access(*texts)
    return [fault.policy for fault in contradictions.find(found.sound, found.schema)]


ANY = "(principal, action, resource)"
READ = '(principal, action == Action::"read", resource)'


@pytest.mark.parametrize(
    ("permit", "forbid"),
    [
        (f"permit {READ}", f"forbid {ANY}"),
        (f"permit {READ}", f"forbid {READ}"),
        (f"permit {READ}", 'forbid (principal, action in [Action::"read", Action::"write"], resource)'),
        (f"permit {READ}", 'forbid (principal, action in Action::"all", resource)'),
        (f"permit {READ} when {{ resource.open }}", "forbid (principal is User, action, resource is Doc)"),
        ('permit (principal in Team::"a", action, resource)', 'forbid (principal in Team::"a", action, resource)'),
        (f"permit {READ} when {{ resource.open }}", f"forbid {ANY} when {{ resource.open }}"),
    ],
)
def test_a_permit_that_one_forbid_always_overrules_is_blamed(permit: str, forbid: str) -> None:
    assert blamed(permit, forbid) == ["p0"]


@pytest.mark.parametrize(
    ("permit", "forbid"),
    [
        (f"permit {ANY}", f"forbid {READ}"),
        (f"permit {READ}", f"forbid {READ} when {{ resource.open }}"),
        ('permit (principal in Team::"a", action, resource)', 'forbid (principal in Team::"b", action, resource)'),
        (f"permit {READ} when {{ resource.open }}", f"forbid {READ} unless {{ resource.open }}"),
        ('permit (principal == User::"a", action, resource)', 'forbid (principal in Team::"a", action, resource)'),
        # an entity that nobody described has no attributes, whatever its type asks for
        (f"permit {READ}", f"forbid {ANY} when {{ principal has level }}"),
    ],
)
def test_a_permit_that_may_stand_is_not_blamed(permit: str, forbid: str) -> None:
    assert blamed(permit, forbid) == []


SCOPES = ["principal", 'principal in Team::"a"', 'principal in Org::"o"', 'principal == User::"ada"', "principal is User"]
ACTIONS = ["action", 'action == Action::"read"', 'action in Action::"all"', 'action in [Action::"drop", Action::"write"]']
NEAR = 'unless { context has ip && context.ip.isInRange(ip("10.0.0.0/8")) }'
CLAUSES = ["", "when { resource.open }", "unless { resource.open }", "when { principal.level > 3 }", "when { resource.owner == principal }",
           "when { principal has boss && principal.boss == resource.owner }", 'when { resource.labels.contains("x") }',
           'when { resource.kind == Kind::"page" }', 'when { resource.hasTag("x") && resource.getTag("x") > 2 }',
           "when { context has hour && context.hour > 8 }", NEAR]  # fmt: skip
POLICY = st.builds(
    lambda effect, who, what, clause: f"{effect} ({who}, {what}, resource) {clause}",
    st.sampled_from(["permit", "forbid"]), st.sampled_from(SCOPES), st.sampled_from(ACTIONS), st.sampled_from(CLAUSES),
)  # fmt: skip


def sound(texts: Iterable[str]) -> Access | None:
    """Those policies, if the schema allows them: `drop` has no context."""
    whole = "\n".join(f'@id("p{number}") {text};' for number, text in enumerate(texts))
    found = policies.assess({"p.cedar": whole.encode(), "s.cedarschema": SCHEMA.encode()})
    return found if not found.faults else None


@given(st.lists(POLICY, min_size=1, max_size=5))
def test_what_is_proven_dead_decides_no_request(texts: list[str]) -> None:
    found = sound(texts)
    if found is not None:
        dead = {fault.policy for fault in contradictions.find(found.sound, found.schema)}
        told = exercise.exercise(found.sound, found.schema)
        assert dead <= {policy.id for policy in (*told.silent, *told.overruled)}
        assert told.erred == ()
        assert told.asked > 0


@given(st.lists(POLICY, min_size=1, max_size=4))
def test_a_sample_fits_its_schema_and_is_the_same_each_time(texts: list[str]) -> None:
    found = sound(texts)
    if found is not None:
        made = sampling.sample(found.sound, found.schema.declared)
        assert made == sampling.sample(found.sound, found.schema.declared)
        read, faults = entity_files.read(entity_files.emit(made.entities).encode(), "entities.json", found.schema)
        assert faults == ()
        assert {entity.uid for entity in read} >= {request.principal for request in made.requests}
        assert {request.action for request in made.requests} == {'Action::"read"', 'Action::"write"', 'Action::"drop"'}
        assert len(made.requests) <= sampling.REQUESTS


def test_each_kind_of_condition_is_met_and_missed_by_a_sample() -> None:
    for clause in CLAUSES[1:8]:
        found = access(f"permit {ANY} {clause}")
        told = exercise.exercise(found.sound, found.schema)
        assert 0 < told.allowed < told.asked, clause


def test_given_entities_are_asked_and_no_others_of_their_types() -> None:
    found = access(f"permit {ANY} when {{ resource.open }}")
    made = sampling.sample(found.sound, found.schema.declared, ENTITIES)
    assert {request.principal for request in made.requests} == {ADA, BOB}
    assert made.made == ()


ADA, BOB, DOC, NOTE = Uid("User", "ada"), Uid("User", "bob"), Uid("Doc", "d"), Uid("Doc", "n")


def doc(uid: Uid, *, is_open: bool) -> Entity:
    return Entity(uid, {"owner": {"__entity": ADA.json}, "open": is_open, "kind": {"__entity": Uid("Kind", "note").json}, "labels": []})


TEAM, ORG = Uid("Team", "a"), Uid("Org", "o")
ENTITIES = (
    Entity(ADA, {"level": 5}, (TEAM,)), Entity(BOB, {"level": 1}), Entity(TEAM, {}, (ORG,)), Entity(ORG),
    doc(DOC, is_open=True), doc(NOTE, is_open=False), Entity(Uid("Kind", "note")),
)  # fmt: skip
IP = {"ip": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}}}


def decide(found: Access, request: Request) -> tuple[bool, list[str]]:
    (decision,) = Engine(found.sound, found.schema.text, ENTITIES).decide([request])
    return decision.allowed, [policy.id for policy in decision.policies]


def test_a_decision_names_the_policies_that_made_it() -> None:
    found = access('permit (principal in Org::"o", action, resource)', f"permit {READ}", f"forbid {ANY} unless {{ resource.open }}")
    assert decide(found, Request(ADA, 'Action::"read"', DOC, IP)) == (True, ["p0", "p1"])
    assert decide(found, Request(ADA, 'Action::"read"', NOTE, IP)) == (False, ["p2"])
    assert decide(found, Request(BOB, 'Action::"drop"', DOC)) == (False, [])


def test_what_came_nearest_is_said_with_what_was_not_so() -> None:
    other = 'permit (principal == User::"x", action == Action::"drop", resource)'
    found = access(f"permit {READ} when {{ principal.level > 3 }} when {{ resource.open }}", other)
    (near,) = explaining.nearest(found.sound, found.schema.text, ENTITIES, Request(ADA, 'Action::"read"', NOTE, IP))
    assert (near.policy.id, [text for text, _ in near.unmet]) == ("p0", ["(resource.open)"])


def cells(found: Access, given_: tuple[Entity, ...] = ()) -> dict[tuple[str, str, str], Answer]:
    made = matrix.make(found.sound, found.schema, given_)
    return {(cell.principal, cell.action, cell.resource): cell.answer for cell in made.cells}


def test_the_matrix_of_given_entities_is_what_the_engine_says() -> None:
    found = access('permit (principal in Org::"o", action, resource)', f"forbid {ANY} unless {{ resource.open }}")
    answers = cells(found, ENTITIES)
    for who, what in product((ADA, BOB), (DOC, NOTE)):
        allowed, _ = decide(found, Request(who, 'Action::"drop"', what))
        assert answers[str(who), 'Action::"drop"', str(what)] is (Answer.YES if allowed else Answer.NO)


@given(st.lists(POLICY, min_size=1, max_size=4), st.data())
def test_a_cell_that_says_always_or_never_is_right_about_any_entities(texts: list[str], data: st.DataObject) -> None:
    found = sound(texts)
    if found is None:
        return
    answers = cells(found)
    level, is_open, label = data.draw(st.tuples(st.integers(0, 9), st.booleans(), st.sampled_from(["x", "y"])))
    groups = data.draw(st.sampled_from([(), (Uid("Team", "a"),)]))
    kind, tag, hour = data.draw(st.tuples(st.sampled_from(["note", "page"]), st.integers(0, 4), st.integers(6, 10)))
    who = Entity(Uid("User", "zoe"), {"level": level, "boss": {"__entity": ADA.json}}, groups)
    owner = data.draw(st.sampled_from([who.uid, ADA]))
    attributes = {"owner": {"__entity": owner.json}, "open": is_open, "kind": {"__entity": Uid("Kind", kind).json}, "labels": [label]}
    what = Entity(Uid("Doc", "z"), attributes, tags={"x": tag})
    engine = Engine(found.sound, found.schema.text, (*ENTITIES[:4], who, what, Entity(Uid("Kind", kind))))
    label_who = _row(answers, bool(groups))
    for action, context in (('Action::"read"', {**IP, "hour": hour}), ('Action::"write"', IP), ('Action::"drop"', {})):
        (decision,) = engine.decide([Request(who.uid, action, what.uid, context)])
        for (principal, asked, _), answer in answers.items():
            if principal == label_who and asked == action:
                assert answer is Answer.DEPENDS or decision.allowed is (answer is Answer.YES)


def _row(answers: dict[tuple[str, str, str], Answer], in_team: bool) -> str:
    """The row of a user in team a, which is in organisation o, or of a user in no group; none where policies do not tell them apart."""
    names = {principal for principal, _, _ in answers if not principal.startswith("User::")}
    if not in_team or not any(" in " in name for name in names):
        return next(name for name in names if name.startswith("any"))
    groups = [f'{kind}::"{name}"' for kind, name in (("Org", "o"), ("Team", "a")) if any(f'{kind}::"{name}"' in one for one in names)]
    return f"User in {' and '.join(groups)}"
