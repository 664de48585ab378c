"""Who asks: the bearer token of a request says which part of the shop it comes from."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

CALLERS = ("portal", "lead")


def caller(authorization: str | None, tokens: Mapping[str, str]) -> str | None:
    """The caller whose token a header of the form `Bearer TOKEN` holds, None for anybody else.

    `tokens` maps callers to their tokens; a caller without a token is nobody.
    """
    kind, _, given = (authorization or "").partition(" ")
    if kind != "Bearer" or not given:
        return None
    for name in CALLERS:
        known = tokens.get(name, "")
        if known and hmac.compare_digest(known.encode(), given.encode()):
            return name
    return None
