"""The signing key: Ed25519, made at first use, readable by its owner alone; CI hands its own in."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from readiness.errors import UsageError
from readiness.world import files


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and its public name, `ed25519:<base64 of the 32 public bytes>`."""

    id: str
    private: Ed25519PrivateKey

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of signature over `data` (RFC 8032)."""
        return self.private.sign(data)


def path() -> Path:
    """Where the key of this user lies."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "readiness/ed25519"


def own(*, make: bool = True) -> Key | None:
    """The key in `READINESS_SIGNING_KEY` (base64 of 32 bytes), else that of the user, made where there is none.

    None where there is none and `make` is False. Raises UsageError where it cannot be read or is no key.
    """
    given = os.environ.get("READINESS_SIGNING_KEY")
    if given:
        return _key(given, "READINESS_SIGNING_KEY")
    try:
        return _of_user(make=make)
    except OSError as error:
        raise UsageError(f"the signing key {path()} cannot be used: {error.strerror}", "set XDG_CONFIG_HOME to a folder of yours") from None


def _of_user(*, make: bool) -> Key | None:
    place = path()
    if place.exists():
        if place.stat().st_mode & 0o077:
            raise UsageError(f"the signing key {place} can be read by others", f"chmod 600 {place}")
        return _key(place.read_text(), str(place))
    if not make:
        return None
    _make(place)
    return _key(place.read_text(), str(place))


def _make(place: Path) -> None:
    """Writes a new key, unless somebody else did so in the meantime: then theirs is the key of both."""
    private = Ed25519PrivateKey.generate()
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    neighbour = place.with_name(f".{place.name}.{os.getpid()}")
    previous = os.umask(0o077)
    try:
        files.write_atomically(neighbour, base64.b64encode(private.private_bytes_raw()) + b"\n")
        with contextlib.suppress(FileExistsError):
            os.link(neighbour, place)
    finally:
        os.umask(previous)
        neighbour.unlink(missing_ok=True)


def _key(text: str, place: str) -> Key:
    try:
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError):
        raise UsageError(f"{place} holds no Ed25519 key", "it is the base64 of 32 bytes; remove it to have one made") from None
    return Key(name(private.public_key()), private)


def name(public: Ed25519PublicKey) -> str:
    """The public name of a key."""
    return f"ed25519:{base64.b64encode(public.public_bytes_raw()).decode()}"


def verifies(key_id: str, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` was made with the key of that public name."""
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key_id.removeprefix("ed25519:"), validate=True))
        public.verify(signature, data)
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True
