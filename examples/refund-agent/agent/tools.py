"""What the model may ask for. Each tool is guarded by policies/refunds.cedar: what they do not allow does not begin."""

from __future__ import annotations

from dataclasses import dataclass

from readiness import Entity, guarded

from agent.approvals import APPROVALS
from agent.orders import Orders

SPECIFICATIONS = [
    {
        "type": "function",
        "function": {
            "name": "lookup_order",
            "description": "What was ordered, paid and paid back.",
            "parameters": {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "refund",
            "description": "Pays a part of an order back, in cents.",
            "parameters": {
                "type": "object",
                "properties": {"order": {"type": "string"}, "amount_cents": {"type": "integer"}},
                "required": ["order", "amount_cents"],
            },
        },
    },
]


def agent_for(customer: str) -> Entity:
    """The agent that serves one customer, which is who the policies decide about: the model has no say in it."""
    return Entity("Agent", f"refunds/{customer}", {"serves": Entity("Customer", customer)}, (Entity("Role", "refund_agent"),))


@dataclass(frozen=True)
class Tools:
    """The tools of the agent that serves one customer."""

    agent: Entity
    orders: Orders

    @guarded("look", principal=lambda self: self.agent, resource=lambda self, order: self.orders.entity(order))
    def lookup_order(self, order: str) -> dict[str, object]:
        """What was ordered, paid and paid back."""
        found = self.orders.get(order)
        return {"order": order, "item": found.item, "paid_cents": found.paid_cents, "refunded_cents": self.orders.refunded(order)}

    @guarded(
        "refund",
        principal=lambda self: self.agent,
        resource=lambda self, order: self.orders.entity(order),
        context=lambda amount_cents: {"amount_cents": amount_cents},
        approval=APPROVALS.agreed,
    )
    def refund(self, order: str, amount_cents: int) -> dict[str, object]:
        """Pays a part of an order back."""
        total = self.orders.pay_back(order, amount_cents)
        return {"order": order, "amount_cents": amount_cents, "refunded_cents": total}
