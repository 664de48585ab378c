"""Serves one message of a customer: the model asks for tools, those that are allowed run, and one decision is left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from readiness import Refused, decision
from readiness.sdk import Decision

from agent import tools
from agent.approvals import APPROVALS, Waiting
from agent.model import Model
from agent.orders import Orders
from agent.tools import Tools

PROMPT_VERSION = "refunds-1"
PROMPT = "You serve one customer of a shop. Look an order up before you refund. Say in one sentence what you did."
STEPS = 6  # model calls of one message


@dataclass
class Course:
    """What happened so far: tools that ran, policies that refused, what waits for a person."""

    done: list[str]
    refused: list[str]
    waits: list[str]


@dataclass(frozen=True)
class Desk:
    """The agent: a model, and the orders it may be allowed to touch."""

    model: Model
    orders: Orders

    def serve(self, customer: str, message: str) -> dict[str, object]:
        """What is answered to a customer, as it goes out."""
        agent = tools.agent_for(customer)
        course = Course([], [], [])
        with decision("refund", model=self.model.name, prompt_version=PROMPT_VERSION) as made:
            made.input(message)
            text = self._talk(Tools(agent, self.orders), customer, message, course, made)
            if course.waits:
                made.fallback(text)  # a person decides in place of the model
            elif course.refused or not course.done:
                made.refuse()
            else:
                made.output(text)
        return {"answer": text, "done": course.done, "refused": course.refused, "waits": course.waits}

    def approve(self, order: str, person: str) -> dict[str, object]:
        """Carries out what waits for an order, since a person agrees. Raises KeyError where nothing does, Refused where it may not be."""
        waiting = APPROVALS.agree(order, person)
        with decision("approval") as made:
            made.source(f"data/orders.csv#{order}")
            made.fallback(waiting.amount_cents)
            done = Tools(tools.agent_for(waiting.customer), self.orders).refund(order, waiting.amount_cents)
        return {"done": [f"refund {order}"], **done}

    def _talk(self, own: Tools, customer: str, message: str, course: Course, made: Decision) -> str:
        messages: list[dict[str, Any]] = [{"role": "system", "content": PROMPT}, {"role": "user", "content": message}]
        for _ in range(STEPS):
            try:
                said = self.model.ask(own.agent, messages, tools.SPECIFICATIONS)
            except Refused as refused:
                course.refused += [*refused.policies] or ["nobody permits it"]
                return "I may not answer now. Please try again later."
            made.model(version=said.version)
            messages.append(said.message)
            calls = said.message.get("tool_calls") or []
            if not calls:
                made.confidence(said.confidence)
                return str(said.message["content"])
            messages += [{"role": "tool", "tool_call_id": call["id"], "content": _run(own, customer, call, course, made)} for call in calls]
        return "I could not finish this. A person will look at it."


def _run(own: Tools, customer: str, call: dict[str, Any], course: Course, made: Decision) -> str:
    """What a tool gives back to the model, as JSON."""
    name = call["function"]["name"]
    try:
        given = json.loads(call["function"]["arguments"])
        result = {"lookup_order": own.lookup_order, "refund": own.refund}[name](**given)
        made.source(f"data/orders.csv#{given['order']}")
    except Refused as refused:
        return _refused(own, customer, given, refused, course)
    except (ValueError, TypeError, KeyError):
        return json.dumps({"error": "this tool cannot be called so"})
    course.done.append(f"{name} {given['order']}")
    return json.dumps(result)


def _refused(own: Tools, customer: str, given: dict[str, Any], refused: Refused, course: Course) -> str:
    if refused.needs_approval:
        APPROVALS.wait(Waiting(customer, given["order"], given["amount_cents"], refused.authorization.request))
        course.waits.append(f"refund {given['order']}")
        return json.dumps({"waits": "a person has to agree"})
    course.refused += [*refused.policies] or ["nobody permits it"]
    return json.dumps({"refused": course.refused[-1]})
