"""A known secret looked for in what a run let out, also where it was cut or encoded.

Found are: the value, and any 12 consecutive characters of the part of it that is drawn; in any case of letters; as they
are, reversed, in UTF-16, and behind up to two of these codings: JSON escapes, HTML references, URL encoding, base64 (both
alphabets), hex. Compressed, encrypted and hashed values are not found; a hash gives nothing away.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

PART: Final = 12
"""Consecutive characters of a secret that are a leak: 48 bits of a value in hex."""
LOOKED_AT_BYTES: Final = 64 << 20
DECODED_BYTES: Final = 4 << 20
"""How much of one text is looked at, and how much of it is decoded, each time."""
_DEPTH: Final = 2
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2}[ :]?){12,}")
_ESCAPE: Final = re.compile(rb"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Known:
    """A secret that a run was given: its name, and the drawn part of its value (never shown)."""

    name: str
    drawn: str = field(repr=False)


def find(known: tuple[Known, ...], data: bytes) -> tuple[tuple[str, str], ...]:
    """The secrets in `data`: pairs of the name, and how it is there (``, `in base64`, `in base64, in hex` …)."""
    data = data[:LOOKED_AT_BYTES]
    found: dict[str, str] = {}
    for how, text in _forms(data, _DEPTH):
        seen = text.lower()
        for one in known:
            if one.name not in found and _there(one.drawn.lower().encode(), seen):
                found[one.name] = how
        if len(found) == len(known):
            break
    return tuple(found.items())


def _there(drawn: bytes, seen: bytes) -> bool:
    parts = {drawn[start : start + PART] for start in range(max(1, len(drawn) - PART + 1))}
    return any(part in seen or part[::-1] in seen for part in parts)


def _forms(data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """The data as it is, then decoded in every way that applies, nearest first."""
    yield "", data
    layer = [("", data)]
    for _ in range(depth):
        layer = [
            (f"{how}, {name}" if how else name, new)
            for how, old in layer
            for name, decode in _CODINGS
            if (new := decode(old[:DECODED_BYTES]))
        ]
        yield from layer


def base64_runs(data: bytes) -> bytes:
    """What the runs of base64 in some bytes decode to, in either alphabet; empty where there is none."""
    # A letter may stick to the front of what is encoded (a length in protobuf): each of the four offsets is tried.
    runs = [run.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/") for run in _BASE64.findall(data)]
    return b"\n".join(_base64_run(run[offset:]) for run in runs for offset in range(4))


def _base64_run(run: bytes) -> bytes:
    whole = run[: len(run) - (len(run) % 4 == 1)]
    try:
        return base64.b64decode(whole + b"=" * (-len(whole) % 4))
    except binascii.Error:
        return b""


def hex_runs(data: bytes) -> bytes:
    """What the runs of hex digits in some bytes decode to; empty where there is none."""
    runs = [re.sub(rb"[ :]", b"", run) for run in _HEX.findall(data)]
    return b"\n".join(bytes.fromhex(run[offset : len(run) - (len(run) - offset) % 2].decode()) for run in runs for offset in range(2))


def escapes(data: bytes) -> bytes:
    """The bytes with the escapes of JSON and Python undone; empty where there is none."""
    if b"\\" not in data:
        return b""
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)).encode() if found[1] or found[2] else found[3], data)


def _url(data: bytes) -> bytes:
    return unquote_to_bytes(data.replace(b"+", b" ")) if b"%" in data else b""


def _html(data: bytes) -> bytes:
    return html.unescape(data.decode("latin-1")).encode("utf-8", "replace") if b"&" in data else b""


def _wide(data: bytes) -> bytes:
    return data.replace(b"\0", b"") if b"\0" in data else b""


_CODINGS: Final[tuple[tuple[str, Callable[[bytes], bytes]], ...]] = (
    ("in base64", base64_runs),
    ("in hex", hex_runs),
    ("escaped", escapes),
    ("URL-encoded", _url),
    ("in HTML", _html),
    ("in UTF-16", _wide),
)
