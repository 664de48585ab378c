"""Refunds that wait for a person, and what people agreed to: each agreement is of one request, and is used once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from uuid import uuid4

from readiness import Approval
from readiness.sdk import Authorization


@dataclass(frozen=True)
class Waiting:
    """A refund that waits: for which customer, what was asked for, and the request that an approval has to name."""

    customer: str
    order: str
    amount_cents: int
    request: str = field(repr=False)


class Approvals:
    """What waits, by order, and what was agreed to, by request."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}
        self._agreed: dict[str, Approval] = {}
        self._lock = threading.Lock()

    def wait(self, waiting: Waiting) -> None:
        """Notes a refund that a person has to decide; a later one for the same order takes its place."""
        with self._lock:
            self._waiting[waiting.order] = waiting

    def agree(self, order: str, person: str) -> Waiting:
        """Notes that a person agrees to what waits for an order. Raises KeyError where nothing does."""
        with self._lock:
            waiting = self._waiting.pop(order)
            self._agreed[waiting.request] = Approval(person, waiting.request, str(uuid4()))
            return waiting

    def agreed(self, pending: Authorization) -> Approval | None:
        """What a person agreed to, for the request that is asked now; whether that person may, the policies say."""
        with self._lock:
            return self._agreed.pop(pending.request, None)


APPROVALS = Approvals()
"""Those of this process."""
