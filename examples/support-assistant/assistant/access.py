"""Who asks: the bearer token of a request decides as what it reads. What a reader may read is in policies/assistant.cedar."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

READERS = ("operator", "customer", "partner")


def reader(authorization: str | None, tokens: Mapping[str, str]) -> str | None:
    """The reader whose token a header of the form `Bearer TOKEN` holds, None for anybody else.

    `tokens` maps readers to their tokens; a reader without a token is nobody.
    """
    kind, _, given = (authorization or "").partition(" ")
    if kind != "Bearer" or not given:
        return None
    for name in READERS:
        known = tokens.get(name, "")
        if known and hmac.compare_digest(known.encode(), given.encode()):
            return name
    return None
