"""Figures of the SDK's `authorize`: what a warm decision costs its caller, in each way of asking; medians of 5 rounds.

The policies are those of the refund agent; where it says so, beside a thousand entities. Nothing here is a network.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.figures import Figure
from readiness.sdk import Entity, Guard, guarded
from readiness.sdk.counting import Shared

POLICIES = Path(__file__).parents[1] / "examples/refund-agent/policies"
ROUNDS, CALLS = 5, 400
LIMIT_US = 2000.0
"""What a tool call can bear, since the model call before it takes a hundred times as long."""


def _folder(into: Path, entities: int = 0) -> Path:
    """The policies with budgets that no round spends, and so many more entities."""
    folder = into / f"policies{entities}"
    shutil.copytree(POLICIES, folder)
    text = (folder / "refunds.cedar").read_text().replace("/day", "/second")
    for budget in ("200", "50", "10"):
        text = text.replace(f'"{budget}/second"', '"1000000/second"')
    (folder / "refunds.cedar").write_text(text)
    known = json.loads((folder / "entities.json").read_text())
    known += [{"uid": {"type": "Customer", "id": f"k-{number}"}, "attrs": {}, "parents": []} for number in range(entities)]
    (folder / "entities.json").write_text(json.dumps(known))
    return folder


def _us(asked: Callable[[], object]) -> float:
    """Microseconds of processor time of one call, warm: the median of some rounds."""
    asked()
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(CALLS):
            asked()
        taken.append((time.process_time() - started) / CALLS * 1e6)
    return statistics.median(taken)


AGENT = Entity("Agent", "refunds/c-17", {"serves": Entity("Customer", "c-17")}, (Entity("Role", "refund_agent"),))
ORDER = Entity("Order", "o-1", {"customer": Entity("Customer", "c-17"), "paid_cents": 5000, "refunded_cents": 0})


def authorizing() -> Iterator[Figure]:
    """Each way of asking."""
    with tempfile.TemporaryDirectory() as name:
        into = Path(name)
        folder = _folder(into)
        guard, many, shared = Guard(folder), Guard(_folder(into, 1000)), Guard(folder, Shared(into / "counts.sqlite3"))

        @guarded("refund", principal=AGENT, resource=lambda order: order, context=lambda cents: {"amount_cents": cents}, guard=guard)
        def refund(order: Entity, cents: int) -> int:
            return cents

        ways: dict[str, Callable[[], object]] = {
            "one of two described, denied": lambda: guard.authorize('Person::"mara"', "look", ORDER),
            "both described": lambda: guard.authorize(AGENT, "look", ORDER),
            "both described, with a context": lambda: guard.authorize(AGENT, "refund", ORDER, {"amount_cents": 400}),
            "by the decorator": lambda: refund(ORDER, 400),
            "an approval lacks": lambda: guard.authorize(AGENT, "refund", _large(), {"amount_cents": 20_000}),
            "beside 1,000 entities": lambda: many.authorize(AGENT, "refund", ORDER, {"amount_cents": 400}),
            "counted in a file": lambda: shared.authorize(AGENT, "refund", ORDER, {"amount_cents": 400}),
        }
        for text, asked in ways.items():
            us = _us(asked)
            yield Figure(f"authorize, {text}", us <= LIMIT_US, f"{us:.0f} µs (limit {LIMIT_US:.0f} µs)")
        started = time.perf_counter()
        Guard(folder).authorize(AGENT, "look", ORDER)
        yield Figure("authorize, first call", True, f"{(time.perf_counter() - started) * 1e3:.0f} ms, the engine loaded before")


def _large() -> Entity:
    return Entity("Order", "o-2", {"customer": Entity("Customer", "c-17"), "paid_cents": 50_000, "refunded_cents": 0})


ALL = {"authorizing": authorizing}
