"""A guarded function runs where the policies allow it, and nothing of it where they do not."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from readiness import Entity, Refused, guarded
from readiness.sdk import Authorization, Guard, decision
from tests.sdk.test_authorizing import AGENT, BOB, EVE, order, write


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard(write(tmp_path / "policies"))


def context(amount: int) -> dict[str, object]:
    return {"amount": amount, "customer": Entity("Customer", "c1")}


def test_it_runs_where_it_is_allowed_and_not_where_it_is_not(guard: Guard) -> None:
    ran: list[int] = []

    @guarded("refund", principal=AGENT, resource=lambda customer: order(customer), context=context, guard=guard)
    def refund(customer: str, amount: int = 40) -> int:
        """Pays back."""
        ran.append(amount)
        return amount

    assert refund("c1") == 40
    assert refund(amount=41, customer="c1") == 41
    with pytest.raises(Refused) as refused:
        refund("c2")
    with pytest.raises(Refused, match=r'^Action::"refund" is refused: needs approval, says a_person_decides$') as pending:
        refund("c1", 500)
    assert ran == [40, 41]
    assert refused.value.policies == ()
    assert not refused.value.needs_approval
    assert pending.value.needs_approval
    assert pending.value.authorization.policies == ("a_person_decides",)
    assert (refund.__name__, refund.__doc__) == ("refund", "Pays back.")
    assert list(inspect.signature(refund).parameters) == ["customer", "amount"]


def test_a_refusal_on_a_span_names_nobody(guard: Guard, spans: InMemorySpanExporter) -> None:
    @guarded("refund", principal=AGENT, resource=order("c2", name="secret-4711"), context=context, guard=guard)
    def refund(amount: int) -> None:
        raise AssertionError("it ran")

    with pytest.raises(Refused), decision("refund"):
        refund(40)
    (span,) = spans.get_finished_spans()
    assert "4711" not in span.to_json()


def test_a_call_the_function_does_not_take_is_no_refusal(guard: Guard) -> None:
    @guarded("refund", principal=AGENT, resource=order(), context=context, guard=guard)
    def refund(amount: int) -> None:
        raise AssertionError("it ran")

    with pytest.raises(TypeError):
        refund(1, 2)  # type: ignore[call-arg]


def test_what_cannot_be_asked_is_refused(guard: Guard) -> None:
    def looked_up(name: str) -> Entity:
        raise KeyError(name)

    @guarded("look", principal=AGENT, resource=looked_up, guard=guard)
    def look(name: str) -> None:
        raise AssertionError("it ran")

    with pytest.raises(Refused, match="bad request") as refused:
        look("secret-4711")
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize("wrong", ["principal", "resource", "context"])
def test_a_parameter_the_function_does_not_have_is_said_when_it_decorates(wrong: str) -> None:
    given: dict[str, object] = {"principal": AGENT, "resource": order(), "context": None} | {wrong: lambda nobody: AGENT}
    with pytest.raises(TypeError, match="no parameter `nobody`: it has amount"):

        @guarded("refund", **given)  # type: ignore[arg-type]
        def refund(amount: int) -> None: ...


def test_who_may_agree_is_asked(guard: Guard) -> None:
    asked: list[Authorization] = []

    def ask(pending: Authorization) -> str:
        asked.append(pending)
        return BOB if len(asked) > 1 else EVE

    @guarded("refund", principal=AGENT, resource=order(), context=context, approval=ask, guard=guard)
    def refund(amount: int) -> int:
        return amount

    with pytest.raises(Refused):
        refund(500)
    assert refund(500) == 500
    assert refund(10) == 10
    assert [pending.reason for pending in asked] == ["needs approval", "needs approval"]


def test_a_coroutine_is_guarded_when_it_is_awaited(guard: Guard) -> None:
    ran: list[int] = []

    async def ask(pending: Authorization) -> str | None:
        await asyncio.sleep(0)
        return BOB if pending.needs_approval else None

    @guarded("refund", principal=AGENT, resource=lambda customer: order(customer), context=context, approval=ask, guard=guard)
    async def refund(customer: str, amount: int) -> int:
        ran.append(amount)
        return amount

    assert inspect.iscoroutinefunction(refund)
    assert asyncio.run(refund("c1", 40)) == 40
    assert asyncio.run(refund("c1", 500)) == 500
    with pytest.raises(Refused):
        asyncio.run(refund("c2", 40))
    assert ran == [40, 500]


def test_a_coroutine_nobody_agrees_to_is_refused(guard: Guard) -> None:
    async def broken(pending: Authorization) -> str:
        raise RuntimeError("the desk is closed")

    def sync(pending: Authorization) -> str:
        return EVE

    for ask in (broken, sync, None):

        @guarded("refund", principal=AGENT, resource=order(), context=context, approval=ask, guard=guard)
        async def refund(amount: int) -> None:
            raise AssertionError("it ran")

        with pytest.raises(Refused):
            asyncio.run(refund(500))


def test_generators_are_guarded_before_they_begin(guard: Guard) -> None:
    @guarded("look", principal=AGENT, resource=order("c2"), context=context, guard=guard)
    def plain(amount: int) -> Iterator[int]:
        yield amount

    @guarded("look", principal=AGENT, resource=order("c2"), context=context, guard=guard)
    async def streamed(amount: int) -> AsyncIterator[int]:
        yield amount

    for function in (plain, streamed):
        with pytest.raises(Refused):
            function(1)


def test_a_method_is_guarded_by_what_it_belongs_to(guard: Guard) -> None:
    class Desk:
        def __init__(self, customer: str) -> None:
            self.customer = customer

        @guarded("refund", principal=AGENT, resource=lambda self: order(self.customer), context=context, guard=guard)
        def refund(self, amount: int) -> int:
            return amount

    assert Desk("c1").refund(3) == 3
    with pytest.raises(Refused):
        Desk("c2").refund(3)
