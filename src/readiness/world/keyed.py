"""Values that are compared without being told: an HMAC under a key of this user, made at first use, 0600."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.errors import UsageError

_LENGTH: Final = 32
_SHOWN: Final = 32
"""Hex digits kept of an HMAC: 128 bits."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A key and its name. Two values are known to be equal only where both were keyed by the same one."""

    id: str
    secret: bytes

    def of(self, value: str) -> str:
        """The HMAC-SHA-256 of a text in hex, cut to 128 bits."""
        return hmac.new(self.secret, value.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:_SHOWN]


def path() -> Path:
    """Where the key of this user lies."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "readiness/snapshot-key"


def own() -> Keyed:
    """The key of this user, made where there is none. Raises UsageError where it cannot be made or read, or is none."""
    place = path()
    try:
        if not place.exists():
            _make(place)
        if place.stat().st_mode & 0o077:
            raise UsageError(f"the key of snapshots {place} can be read by others", f"chmod 600 {place}")
        secret = bytes.fromhex(place.read_text(encoding="ascii").strip())
    except OSError as error:
        raise UsageError(
            f"the key of snapshots {place} cannot be used: {error.strerror}", "set XDG_CONFIG_HOME to a folder of yours"
        ) from None
    except ValueError:
        secret = b""
    if len(secret) != _LENGTH:
        raise UsageError(f"{place} holds no key of snapshots", "it is 64 hex digits; remove it to have one made")
    return Keyed(hashlib.sha256(b"readiness snapshot key\0" + secret).hexdigest()[:16], secret)


def _make(place: Path) -> None:
    """Writes a new key, unless somebody else did so in the meantime: then theirs is the key of both."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    neighbour = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        handle = os.open(neighbour, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_LENGTH) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(neighbour, place)
    finally:
        neighbour.unlink(missing_ok=True)
