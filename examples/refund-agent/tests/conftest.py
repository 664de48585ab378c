"""A shop with two customers nobody else has, since budgets count across tests; and the scripted model on a port of its own."""

import itertools
import threading

import pytest

import scripted
from agent import orders
from agent.loop import Desk
from agent.model import Model

NUMBERS = itertools.count(1)


@pytest.fixture
def customer():
    """A customer of this test alone."""
    return f"c-test-{next(NUMBERS)}"


@pytest.fixture
def shop(customer):
    """Two orders of the customer, and one of somebody else."""
    return orders.Orders(
        [
            orders.Order("o-1", customer, "a kettle", 6000),
            orders.Order("o-2", customer, "a machine", 40000),
            orders.Order("o-3", f"{customer}-other", "a toaster", 5000),
        ]
    )


@pytest.fixture(scope="session")
def url():
    """Where the scripted model answers."""
    server = scripted.server(0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk(shop, url):
    """The agent of that shop."""
    return Desk(Model("scripted-1", url, "no-key"), shop)
