"""Canonical bytes (RFC 8785), their digest, and moments as they are written."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import rfc8785

from readiness.sequence.evidence import Digest


def canonical(value: Any) -> bytes:  # any JSON value
    """The one byte sequence of a JSON value. Raises ValueError for what JSON cannot hold (NaN, large integers)."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from None


def digest(data: bytes) -> Digest:
    """The SHA-256 of bytes, as `sha256:<hex>`."""
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")


def moment(when: datetime) -> str:
    """A moment as it stands in files: RFC 3339, in UTC, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
