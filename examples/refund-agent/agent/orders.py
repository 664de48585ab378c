"""The orders of the shop, and what was paid back of them: read from data/orders.csv, kept in this process."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from readiness import Entity

FILE = Path("data/orders.csv")


@dataclass(frozen=True)
class Order:
    """One order; money is in cents."""

    id: str
    customer: str
    item: str
    paid_cents: int


def read(file: Path = FILE) -> list[Order]:
    """The orders of a file."""
    with file.open(newline="", encoding="utf-8") as handle:
        return [Order(row["order"], row["customer"], row["item"], int(row["paid_cents"])) for row in csv.DictReader(handle)]


class Orders:
    """Looks orders up by their ids, and adds up what was paid back."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._orders = {order.id: order for order in orders}
        self._refunded: dict[str, int] = {}
        self._lock = threading.Lock()

    def get(self, order: str) -> Order:
        """The order of that id. Raises KeyError where there is none."""
        return self._orders[order]

    def refunded(self, order: str) -> int:
        """What was paid back of an order so far."""
        return self._refunded.get(order, 0)

    def pay_back(self, order: str, cents: int) -> int:
        """Pays back, and returns what was paid back in all. Raises ValueError for more than was paid, whoever allowed it."""
        with self._lock:
            total = self.refunded(order) + cents
            if cents < 1 or total > self._orders[order].paid_cents:
                raise ValueError("a refund is at least a cent, and no more than was paid")
            self._refunded[order] = total
            return total

    def entity(self, order: str) -> Entity:
        """The order as policies/refunds.cedarschema describes it. Raises KeyError where there is none."""
        found = self.get(order)
        left = {"paid_cents": found.paid_cents, "refunded_cents": self.refunded(order)}
        return Entity("Order", found.id, {"customer": Entity("Customer", found.customer), **left})
