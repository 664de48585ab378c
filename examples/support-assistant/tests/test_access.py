"""Who a token makes somebody."""

import pytest

from assistant.access import reader

TOKENS = {"operator": "desk-token", "customer": "portal-token", "partner": "host-token"}


@pytest.mark.parametrize(
    ("header", "who"), [("Bearer desk-token", "operator"), ("Bearer portal-token", "customer"), ("Bearer host-token", "partner")]
)
def test_a_token_makes_a_reader(header, who):
    assert reader(header, TOKENS) == who


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic desk-token", "desk-token", "Bearer desk-token ", "bearer desk-token"]
)
def test_anything_else_makes_nobody(header):
    assert reader(header, TOKENS) is None


def test_a_reader_without_a_token_is_nobody():
    assert reader("Bearer ", {"operator": "desk-token", "customer": ""}) is None
    assert reader("Bearer x", {"customer": "x"}) == "customer"
