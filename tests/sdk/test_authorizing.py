"""The policies asked in an application: the same answer as `readiness access can`, and no where that is not clear."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import readiness
from readiness.errors import CannotJudge, UsageError
from readiness.formats.cedar.assessing import Access
from readiness.formats.cedar.entities import parse_uid
from readiness.runs import access
from readiness.sdk import Approval, Authorization, Entity, Guard, authorizing, decision
from readiness.testing.projects import make_repository

SCHEMA = """
entity Team;
entity Person in [Team] = { level: Long };
entity Agent;
entity Customer;
entity Order = { customer: Customer, total: Long, note?: String };
action "look", "refund" appliesTo {
  principal: [Agent, Person], resource: [Order], context: { amount?: Long, customer: Customer, approved_by?: Person }
};
"""
POLICIES = """
@id("its_own_orders")
permit (principal == Agent::"refunds", action, resource)
when { resource.customer == context.customer };

@id("a_person_decides")
@requires_approval
forbid (principal, action == Action::"refund", resource)
when { context has amount && context.amount > 100 }
unless { context has approved_by && context.approved_by in Team::"leads" && context.approved_by != principal };

@id("never_more_than_it_cost")
forbid (principal, action == Action::"refund", resource)
when { context has amount && context.amount > resource.total };
"""
ENTITIES: list[dict[str, object]] = [
    {"uid": {"type": "Team", "id": "leads"}, "attrs": {}, "parents": []},
    {"uid": {"type": "Agent", "id": "refunds"}, "attrs": {}, "parents": []},
    {"uid": {"type": "Person", "id": "bob"}, "attrs": {"level": 2}, "parents": [{"type": "Team", "id": "leads"}]},
    {"uid": {"type": "Person", "id": "eve"}, "attrs": {"level": 1}, "parents": []},
    {"uid": {"type": "Customer", "id": "c1"}, "attrs": {}, "parents": []},
    {"uid": {"type": "Customer", "id": "c2"}, "attrs": {}, "parents": []},
]
AGENT, BOB, EVE = 'Agent::"refunds"', 'Person::"bob"', 'Person::"eve"'


def write(folder: Path, policies: str = POLICIES, schema: str = SCHEMA, entities: object = ENTITIES) -> Path:
    """A folder of policies."""
    folder.mkdir(exist_ok=True)
    (folder / "shop.cedar").write_text(policies)
    (folder / "shop.cedarschema").write_text(schema)
    (folder / "entities.json").write_text(json.dumps(entities))
    return folder


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard(write(tmp_path / "policies"))


def order(customer: str = "c1", total: int = 1000, name: str = "o-1") -> Entity:
    return Entity("Order", name, {"customer": Entity("Customer", customer), "total": total})


def refund(guard: Guard, amount: int = 40, who: str | Entity = AGENT, what: str | Entity | None = None, **more: object) -> Authorization:
    context = {"amount": amount, "customer": Entity("Customer", "c1")}
    return guard.authorize(who, "refund", order() if what is None else what, context, **more)  # type: ignore[arg-type]


def test_what_a_policy_permits_is_allowed_and_says_by_which(guard: Guard) -> None:
    found = refund(guard)
    assert found.allowed
    assert bool(found)
    assert (found.policies, found.reason, found.errors) == (("its_own_orders",), "permitted", ())
    assert found.action == 'Action::"refund"'
    assert str(found) == 'allowed: Agent::"refunds" Action::"refund" Order::"o-1": permitted, says its_own_orders'


def test_what_none_permits_is_denied(guard: Guard) -> None:
    found = refund(guard, what=order("c2"))
    assert not found
    assert (found.policies, found.reason) == ((), "not permitted")


def test_what_one_forbids_is_denied_by_its_name(guard: Guard) -> None:
    found = refund(guard, 50, what=order(total=45))
    assert (found.allowed, found.policies, found.reason, found.needs_approval) == (False, ("never_more_than_it_cost",), "forbidden", False)


@pytest.mark.parametrize("word", ['Action::"refund"', "Action::refund", "refund"])
def test_an_action_may_be_named_shortly(guard: Guard, word: str) -> None:
    assert guard.authorize(AGENT, word, order(), {"customer": Entity("Customer", "c1")}).allowed


# --- closed ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "what", "reason"),
    [
        ('Agent::"refund"', order(), "unknown entity"),
        (AGENT, 'Order::"o-1"', "unknown entity"),
        ("refunds", order(), "bad request"),
        ("", order(), "bad request"),
        ('Team::"leads"', order(), "bad request"),
        (AGENT, Entity("Order", "o-1"), "bad request"),
        (AGENT, Entity("Order", "o-1", {"customer": "c1", "total": 3}), "bad request"),
        (AGENT, Entity("Order", "o-1", {"customer": Entity("Customer", "c1"), "total": 3.5}), "bad request"),
        (AGENT, Entity("Ordre", "o-1"), "bad request"),
        (Entity("Person", "bob", {"level": 9}, [Entity("Team", "leads")]), order(), "bad request"),
    ],
)
def test_whoever_is_not_known_is_denied(guard: Guard, who: str | Entity, what: str | Entity, reason: str) -> None:
    found = refund(guard, who=who, what=what)
    assert (found.allowed, found.reason, len(found.errors)) == (False, reason, 1)


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"customer": "c1"},
        {"customer": Entity("Customer", "c1"), "amount": 1.5},
        {"customer": Entity("Customer", "c1"), "amount": float("nan")},
        {"customer": Entity("Customer", "c1"), "amount": 2**70},
        {"customer": Entity("Customer", "c1"), "amount": "1"},
        {"customer": Entity("Customer", "c1"), "amount": object()},
        {"customer": Entity("Customer", "c1"), "more": 1},
        {"customer": Entity("Customer", "c1"), "approved_by": Entity("Person", "bob")},
    ],
)
def test_a_context_that_does_not_fit_is_denied(guard: Guard, context: dict[str, object] | None) -> None:
    found = guard.authorize(AGENT, "refund", order(), context)
    assert (found.allowed, found.reason, len(found.errors)) == (False, "bad request", 1)


def test_an_action_nobody_can_ask_for_is_denied(guard: Guard) -> None:
    found = guard.authorize(AGENT, "refnud", order())
    assert (found.allowed, found.errors) == (False, ("no action `refnud` that anybody can ask for",))


@pytest.mark.parametrize("given", [None, 3, b"x", [], {"type": "Agent"}, object()])
def test_nothing_that_is_handed_over_raises(guard: Guard, given: object) -> None:
    for asked in ((given, "refund", order()), (AGENT, given, order()), (AGENT, "refund", given)):
        assert not guard.authorize(*asked, {"customer": Entity("Customer", "c1")}).allowed  # type: ignore[call-arg,arg-type]
    assert not guard.authorize(AGENT, "refund", order(), given if given is not None else 3).allowed  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("shop.cedar", None, "no policy decides"),
        ("shop.cedar", "permit (principal, action, resource);", "has no id"),
        ("shop.cedar", '@id("x") permit (principal, action, resource) when { resource.totl > 1 };', "shop.cedar:1:"),
        ("shop.cedar", '@id("x") permit (principal, action', "policies/shop.cedar:1:"),
        ("shop.cedar", '@id("x") @budget("many") permit (principal, action, resource);', "@budget must be"),
        ("shop.cedarschema", None, "no schema says"),
        ("shop.cedarschema", "entity Order", "shop.cedarschema:1"),
        ("entities.json", "[", "entities.json:1"),
    ],
)
def test_policies_that_are_not_sound_allow_nothing_until_they_are(tmp_path: Path, file: str, text: str | None, said: str) -> None:
    folder = write(tmp_path / "policies")
    guard = Guard(folder)
    assert refund(guard).allowed
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text)
    found = refund(guard)
    assert (found.allowed, found.reason) == (False, "no policies")
    assert said in found.errors[0]
    write(folder)
    assert refund(guard).allowed


def test_without_a_folder_nothing_is_allowed(tmp_path: Path) -> None:
    found = refund(Guard(tmp_path / "policies"))
    assert (found.allowed, found.reason) == (False, "no policies")
    assert str(tmp_path / "policies") in found.errors[0]


def test_a_policy_that_errs_and_could_have_turned_it_denies(tmp_path: Path) -> None:
    erring = '@id("errs") forbid (principal, action, resource) when { context has amount && context.amount * 9223372036854775807 > 5 };'
    guard = Guard(write(tmp_path / "policies", POLICIES + erring))
    found = refund(guard, 3)
    assert (found.allowed, found.reason) == (False, "policy error")
    assert "errs" in found.errors[0]


def test_without_the_engine_nothing_is_allowed(tmp_path: Path) -> None:
    write(tmp_path / "policies")
    code = (
        "import sys; sys.modules['cedarpy'] = None\n"
        "import readiness\n"
        "found = readiness.authorize('Agent::\"refunds\"', 'refund', readiness.Entity('Order', 'o'))\n"
        "print(found.allowed, found.reason, found.errors[0])\n"
    )
    said = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said == "False no policies cedarpy is not installed, so nothing is allowed; `pip install cedarpy`\n"


def test_policies_are_parsed_once(guard: Guard) -> None:
    refund(guard)
    first = guard.policies.current()
    for _ in range(3):
        refund(guard)
    assert guard.policies.current() is first


def test_a_file_that_comes_or_goes_counts_at_once(tmp_path: Path, guard: Guard) -> None:
    assert refund(guard).allowed
    more = tmp_path / "policies/more.cedar"
    more.write_text('@id("closed") forbid (principal, action, resource);')
    assert refund(guard).policies == ("closed",)
    more.unlink()
    assert refund(guard).allowed


def test_many_threads_and_a_file_that_changes_never_allow_what_no_version_allows(tmp_path: Path) -> None:
    folder = write(tmp_path / "policies")
    guard, ended = Guard(folder), threading.Event()
    wrong: list[Authorization] = []

    def ask() -> None:
        while not ended.is_set():
            wrong.extend(found for found in (refund(guard, what=order("c2")),) if found.allowed)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(8):
        write(folder, POLICIES + f"// {'x' * number}\n")
    ended.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert refund(guard).allowed


# --- approval --------------------------------------------------------------------------------------------------------------


def test_the_policy_says_that_somebody_has_to_agree(guard: Guard) -> None:
    found = refund(guard, 500)
    assert (found.allowed, found.needs_approval, found.policies, found.reason) == (False, True, ("a_person_decides",), "needs approval")


@pytest.mark.parametrize(
    ("amount", "what"),
    [(2000, order()), (500, order("c2"))],  # more than it cost, and the order of somebody else
)
def test_no_approval_is_asked_for_what_is_denied_anyway(guard: Guard, amount: int, what: Entity) -> None:
    asked: list[Authorization] = []
    found = refund(guard, amount, what=what, approval=asked.append)
    assert (found.allowed, found.needs_approval, asked) == (False, False, [])


def test_who_may_agree_lifts_the_forbid(guard: Guard) -> None:
    asked: list[Authorization] = []

    def ask(pending: Authorization) -> str:
        asked.append(pending)
        return BOB

    found = refund(guard, 500, approval=ask)
    assert (found.allowed, found.approved_by, found.policies) == (True, BOB, ("its_own_orders",))
    assert [pending.needs_approval for pending in asked] == [True]
    assert refund(guard, 40, approval=ask).approved_by == ""
    assert len(asked) == 1


@pytest.mark.parametrize("given", [EVE, 'Person::"nobody"', AGENT, "bob", "", True, 3, Entity("Person", "bob", {"level": 3}, ())])
def test_who_may_not_agree_lifts_nothing(guard: Guard, given: object) -> None:
    found = refund(guard, 500, approval=lambda pending: given)
    assert (found.allowed, found.approved_by) == (False, "")
    assert found.needs_approval
    assert len(found.errors) == 1


def test_nobody_agrees_to_a_request_of_its_own(tmp_path: Path) -> None:
    lax = POLICIES.replace(" && context.approved_by != principal", "").replace('principal == Agent::"refunds"', "principal")
    guard = Guard(write(tmp_path / "policies", lax))
    found = refund(guard, 500, who=BOB, approval=lambda pending: BOB)
    assert (found.allowed, found.errors) == (False, ("nobody agrees to a request of its own",))
    assert refund(guard, 500, approval=lambda pending: BOB).allowed


def test_nobody_who_agrees_and_who_cannot_be_asked_is_the_same(guard: Guard) -> None:
    def broken(pending: Authorization) -> str:
        raise RuntimeError("the desk is closed")

    for ask in (lambda pending: None, broken):
        found = refund(guard, 500, approval=ask)
        assert (found.allowed, found.needs_approval) == (False, True)


@pytest.mark.parametrize("text", ['@id("closed") forbid (principal, action, resource);', "permit ("])
def test_policies_that_change_while_somebody_is_asked_decide(tmp_path: Path, guard: Guard, text: str) -> None:
    def ask(pending: Authorization) -> str:
        (tmp_path / "policies/more.cedar").write_text(text)
        return BOB

    found = refund(guard, 500, approval=ask)
    assert (found.allowed, found.approved_by) == (False, "")
    assert found.reason == ("forbidden" if text.startswith("@id") else "no policies")


def test_who_was_dropped_while_somebody_is_asked_is_denied(tmp_path: Path, guard: Guard) -> None:
    def ask(pending: Authorization) -> str:
        left = [entity for entity in ENTITIES if entity["uid"] != {"type": "Agent", "id": "refunds"}]
        write(tmp_path / "policies", entities=left)
        return BOB

    assert refund(guard, 500, approval=ask).reason == "unknown entity"


def test_an_approval_counts_for_its_request_and_once(guard: Guard) -> None:
    pending = refund(guard, 500)
    given = Approval(BOB, pending.request, "a-1")
    assert refund(guard, 501, approval=given).errors == ("the approval is one of another request",)
    assert refund(guard, 500, what=order(total=900), approval=given).errors == ("the approval is one of another request",)
    assert refund(guard, 500, approval=given).allowed
    assert refund(guard, 500, approval=given).errors == ("the approval was used already",)
    assert refund(guard, 500, approval=Approval(BOB, pending.request, "a-2")).allowed


def test_an_approval_without_its_request_counts_for_none(guard: Guard) -> None:
    for given in (BOB, Approval(BOB, "")):
        assert not refund(guard, 500, approval=given).allowed


def test_one_approval_lets_one_of_many_threads_through(guard: Guard) -> None:
    given = Approval(BOB, refund(guard, 500).request, "a-1")
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(refund(guard, 500, approval=given).allowed)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 7 + [True]


# --- what is told ----------------------------------------------------------------------------------------------------------


def test_an_answer_is_told_on_the_decision_without_what_is_nobodys_business(guard: Guard, spans: InMemorySpanExporter) -> None:
    with decision("refund"):
        refund(guard, 777, what=order(name="secret-4711"), approval=lambda pending: BOB)
        refund(guard, who=Entity("Agent", "someone@example.org"))
    (span,) = spans.get_finished_spans()
    first, second = span.events
    said = {name.removeprefix("readiness.authorization."): value for name, value in dict(first.attributes or {}).items()}
    assert first.name == "readiness.authorization"
    assert (said["allowed"], said["principal"], said["action"], said["approved_by"]) == (True, AGENT, 'Action::"refund"', BOB)
    assert said["policies"] == ("its_own_orders",)
    assert str(said["resource"]).startswith("Order::sha256:")
    assert str((second.attributes or {})["readiness.authorization.principal"]).startswith("Agent::sha256:")
    for hidden in ("4711", "777", "someone", "1000"):
        assert hidden not in str([dict(event.attributes or {}) for event in span.events]).replace(str(said["request"]), "").replace(
            str(said["resource"]), ""
        )


def test_an_answer_outside_a_decision_is_told_on_a_span_of_its_own(guard: Guard, spans: InMemorySpanExporter) -> None:
    refund(guard)
    (span,) = spans.get_finished_spans()
    assert (span.name, len(span.events)) == ("readiness.authorization", 1)


# --- the guard of the process ------------------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    authorizing._forget()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("READINESS_POLICIES", raising=False)
    monkeypatch.delenv("READINESS_BUDGET_FILE", raising=False)
    yield tmp_path
    authorizing._forget()


def test_the_policies_of_the_folder_decide(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here / "policies")
    asked = (AGENT, "look", order(), {"customer": Entity("Customer", "c1")})
    assert readiness.authorize(*asked).allowed
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert readiness.authorize(*asked).allowed
    authorizing._forget()
    assert readiness.authorize(*asked).reason == "no policies"
    authorizing._forget()
    monkeypatch.setenv("READINESS_POLICIES", "../policies")
    assert readiness.authorize(*asked).allowed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_decides_too(here: Path) -> None:
    write(here / "policies")
    code = (
        "import os, readiness; from readiness import Entity\n"
        "asked = ('Agent::\"refunds\"', 'look', Entity('Order', 'o', {'customer': Entity('Customer', 'c1'), 'total': 1}))\n"
        "asked += ({'customer': Entity('Customer', 'c1')},)\n"
        "assert readiness.authorize(*asked)\n"
        "child = os.fork()\n"
        "if not child: os._exit(0 if readiness.authorize(*asked) else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=here, check=True, timeout=60)


# --- the same as `access can` ----------------------------------------------------------------------------------------------


def test_the_answer_is_that_of_access_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 random requests to 10 random sets of policies: never allowed where the other denies, nor the reverse."""
    chance = random.Random(20261125)
    root = make_repository(tmp_path / "shop", {"README.md": "A shop.\n"})
    cells = allowed = waiting = 0
    for _ in range(10):
        policies, entities = random_policies(chance), random_entities(chance)
        guard = Guard(write(root / "policies", policies, entities=entities))
        monkeypatch.undo()
        monkeypatch.setattr(access, "sound", partial(kept, access.sound(root)))  # read once for 50 requests
        for _ in range(50):
            who, action, what, context = random_request(chance)
            cells += 1
            found = guard.authorize(who, action, what, context)
            expected, approvable = by_command(root, (who, action, what), json.dumps(context))
            unknown = {str(parse_uid(name)) for name in (who, what)} - {named(entity) for entity in entities}
            assert found.allowed is (expected and not unknown), (policies, who, action, what, context, str(found))
            assert found.needs_approval is (approvable and not unknown), (policies, who, action, what, context, str(found))
            allowed += found.allowed
            waiting += found.needs_approval
    assert cells == 500
    assert 40 < allowed < 460
    assert waiting > 5


def kept(found: Access, *_: object) -> Access:
    return found


def by_command(root: Path, words: tuple[str, str, str], context: str) -> tuple[bool, bool]:
    """Whether it is allowed, and whether an approval lacks."""
    try:
        found = access.can(root, words, context)
    except (CannotJudge, UsageError):
        return False, False
    return found.decision.allowed, found.approvable


def named(entity: dict[str, object]) -> str:
    uid = entity["uid"]
    assert isinstance(uid, dict)
    return f'{uid["type"]}::"{uid["id"]}"'


_WHO = ["principal", f"principal == {AGENT}", 'principal in Team::"leads"', "principal is Person"]
_ACTIONS = ["action", 'action == Action::"look"', 'action == Action::"refund"']
_TRUE = [
    "resource.customer == context.customer",
    "resource.total > 50",
    "context has amount && context.amount <= resource.total",
    'resource has note && resource.note like "a*"',
    "context has amount && context.amount * 4611686018427387904 > 3",
    "principal is Person && principal.level > 1",
    "resource.total < 90",
]


def random_policies(chance: random.Random) -> str:
    made = []
    for number in range(chance.randint(2, 6)):
        effect = "permit" if number == 0 or chance.random() < 0.6 else "forbid"
        parts = chance.sample(_TRUE, chance.randint(0 if effect == "permit" else 1, 2))
        clauses = " ".join(f"{chance.choice(['when', 'when', 'unless'])} {{ {part} }}" for part in parts)
        lifted = effect == "forbid" and chance.random() < 0.5
        before, after = ("@requires_approval", "unless { context has approved_by }") if lifted else ("", "")
        scope = f"({chance.choice(_WHO)}, {chance.choice(_ACTIONS)}, resource)"
        made.append(f'@id("p{number}") {before} {effect} {scope} {clauses} {after};')
    return "\n".join(made)


def random_entities(chance: random.Random) -> list[dict[str, object]]:
    orders = [
        {
            "uid": {"type": "Order", "id": f"o-{number}"},
            "attrs": {"customer": {"__entity": {"type": "Customer", "id": chance.choice(["c1", "c2"])}}, "total": chance.randint(1, 120)}
            | ({"note": chance.choice(["a", "b"])} if chance.random() < 0.5 else {}),
            "parents": [],
        }
        for number in range(4)
    ]
    return [*ENTITIES, *orders]


def random_request(chance: random.Random) -> tuple[str, str, str, dict[str, object]]:
    who = chance.choice([AGENT, BOB, EVE, 'Agent::"other"', 'Person::"nobody"'])
    what = f'Order::"o-{chance.randint(0, 4)}"'
    context: dict[str, object] = {"customer": {"__entity": {"type": "Customer", "id": chance.choice(["c1", "c2"])}}}
    if chance.random() < 0.7:
        context["amount"] = chance.choice([1, 40, 100, 2**62])
    return who, chance.choice(["look", "refund"]), what, context
