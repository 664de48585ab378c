"""Who a token makes of whom."""

import pytest

from agent.access import caller

TOKENS = {"portal": "portal-token", "lead": "lead-token", "other": "x"}


@pytest.mark.parametrize(("header", "who"), [("Bearer portal-token", "portal"), ("Bearer lead-token", "lead")])
def test_a_token_says_who_asks(header, who):
    assert caller(header, TOKENS) == who


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic portal-token", "Bearer portal-toke", "Bearer x", "portal-token"])
def test_anything_else_is_nobody(header):
    assert caller(header, TOKENS) is None


def test_who_has_no_token_is_nobody():
    assert caller("Bearer ", {"portal": "", "lead": ""}) is None
    assert caller("Bearer None", {}) is None
