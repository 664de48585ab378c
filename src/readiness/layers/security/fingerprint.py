"""The fingerprint of a secret, which tells two apart and gives neither away."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

ROUNDS: Final = 20_000
"""Guessing a weak password by its fingerprint costs this many HMACs a guess; making one takes some 10 ms."""
DIGITS: Final = 16


@lru_cache(maxsize=4096)
def of(value: str) -> str:
    """The first 64 bits, in hex, of PBKDF2-HMAC-SHA-256 (RFC 8018) of a value; surrounding blanks do not count.

    The salt is fixed, so that everybody who judges a project gets the same fingerprint and can allow it.
    """
    data = value.strip().encode("utf-8", "surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", data, b"readiness secret fingerprint 1", ROUNDS).hex()[:DIGITS]
