"""The policies decide which tools run, whatever the model asks for."""

import pytest
from readiness import Refused

from agent.approvals import APPROVALS, Waiting
from agent.tools import Tools, agent_for

MARA = 'Person::"mara"'


@pytest.fixture
def tools(shop, customer):
    """The tools of the agent that serves the customer."""
    return Tools(agent_for(customer), shop)


def test_a_customers_order_is_looked_at(tools):
    assert tools.lookup_order("o-1") == {"order": "o-1", "item": "a kettle", "paid_cents": 6000, "refunded_cents": 0}


def test_a_small_refund_is_paid(tools, shop):
    assert tools.refund("o-1", 4000) == {"order": "o-1", "amount_cents": 4000, "refunded_cents": 4000}
    assert tools.refund(order="o-1", amount_cents=2000)["refunded_cents"] == 6000
    assert tools.lookup_order("o-1")["refunded_cents"] == 6000


@pytest.mark.parametrize("order", ["o-3", "o-9", "", "o-1 "])
def test_an_order_of_somebody_else_is_not_touched(tools, shop, order):
    with pytest.raises(Refused):
        tools.lookup_order(order)
    with pytest.raises(Refused):
        tools.refund(order, 100)
    assert shop.refunded("o-3") == 0


@pytest.mark.parametrize("cents", [0, -100, 6001, 2**80, "100", 10.5, None])
def test_what_is_no_amount_is_not_paid(tools, shop, cents):
    with pytest.raises(Refused) as refused:
        tools.refund("o-1", cents)
    assert not refused.value.needs_approval
    assert shop.refunded("o-1") == 0


def test_the_limit_is_a_hundred_euros(tools, shop):
    assert tools.refund("o-2", 10000)["refunded_cents"] == 10000
    with pytest.raises(Refused) as refused:
        tools.refund("o-2", 10001)
    assert refused.value.needs_approval
    assert refused.value.policies == ("large_refunds_need_a_lead",)
    assert shop.refunded("o-2") == 10000


def waits(tools, customer, cents):
    """Notes a refund that needs a person."""
    with pytest.raises(Refused) as refused:
        tools.refund("o-2", cents)
    APPROVALS.wait(Waiting(customer, "o-2", cents, refused.value.authorization.request))


def test_a_large_refund_is_paid_once_where_the_lead_agrees(tools, shop, customer):
    waits(tools, customer, 15000)
    assert APPROVALS.agree("o-2", MARA).amount_cents == 15000
    assert tools.refund("o-2", 15000)["refunded_cents"] == 15000
    with pytest.raises(Refused):
        tools.refund("o-2", 15000)
    assert shop.refunded("o-2") == 15000


@pytest.mark.parametrize("person", ['Person::"nobody"', 'Agent::"refunds"', ""])
def test_who_is_no_lead_agrees_to_nothing(tools, shop, customer, person):
    waits(tools, customer, 15000)
    APPROVALS.agree("o-2", person)
    with pytest.raises(Refused):
        tools.refund("o-2", 15000)
    assert shop.refunded("o-2") == 0


def test_what_was_agreed_to_is_no_other_amount(tools, shop, customer):
    waits(tools, customer, 15000)
    APPROVALS.agree("o-2", MARA)
    with pytest.raises(Refused):
        tools.refund("o-2", 30000)
    assert shop.refunded("o-2") == 0


def test_ten_refunds_a_day_are_enough(tools, shop):
    for _ in range(10):
        tools.refund("o-1", 1)
    with pytest.raises(Refused, match="budget"):
        tools.refund("o-1", 1)
    assert shop.refunded("o-1") == 10
