"""Content codings of HTTP (RFC 9110, section 8.4.1): bodies decoded to be looked into, and coded again.

`gzip` and `deflate` are known everywhere; `br` (RFC 7932) where a package `brotli` or `brotlicffi` is installed, `zstd`
(RFC 8878) from Python 3.14 on, or where `backports.zstd` or `zstandard` is. None is needed: what cannot be looked into is
not asked for, and where it comes all the same nothing is kept. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

PACKAGES: Final = {"br": ("brotli", "brotlicffi"), "zstd": ("compression.zstd", "backports.zstd", "zstandard")}
"""The modules that know a coding the standard library does not, the first that is there is taken."""
_PLAIN: Final = ("", "identity")


class Undecodable(ValueError):
    """A body in a coding that cannot be looked into here; the message names the coding."""


def known() -> tuple[str, ...]:
    """Content codings that can be looked into here."""
    return ("gzip", "x-gzip", "deflate", "identity", *(coding for coding in PACKAGES if _module(coding) is not None))


def layers(headers: Mapping[str, str]) -> list[str]:
    """The codings of a body in the order they were put on, `headers` by lower-case name."""
    named = (part.strip().lower() for part in headers.get("content-encoding", "").split(","))
    return [name for name in named if name not in _PLAIN]


def plain(data: bytes, names: Sequence[str]) -> bytes:
    """A body without its codings, the last one taken off first. Raises Undecodable."""
    for name in reversed(names):
        data = decoded(data, name)
    return data


def decoded(data: bytes, coding: str) -> bytes:
    """A body without one content coding; of one that was cut off, what there is. Raises Undecodable for others than known here."""
    if coding in ("gzip", "x-gzip"):
        return _inflated(data, 16 + zlib.MAX_WBITS)
    if coding == "deflate":
        try:
            return _inflated(data, zlib.MAX_WBITS)
        except Undecodable:
            return _inflated(data, -zlib.MAX_WBITS)
    module = _module(coding)
    if module is None:
        needs = f" (`{PACKAGES[coding][-1]}` is not installed)" if coding in PACKAGES else ""
        raise Undecodable(f"a body comes in the coding `{coding}`, which cannot be looked through for secrets here{needs}")
    try:
        return _DECODING[coding](module, data)
    except Exception:  # noqa: BLE001  each of these packages raises errors of its own
        raise Undecodable(f"a body is not the `{coding}` it says it is") from None


def coded(data: bytes, coding: str) -> bytes:
    """A body with one content coding, always the same bytes for the same body."""
    if coding in ("gzip", "x-gzip"):
        return gzip.compress(data, mtime=0)
    if coding == "deflate":
        return zlib.compress(data)
    module = _module(coding)
    if module is None:
        raise Undecodable(f"a body cannot be put into the coding `{coding}` here")
    compress: Callable[[bytes], bytes] = module.compress
    return bytes(compress(data))


def _module(coding: str) -> Any:  # a module nobody typed, or None
    for name in PACKAGES.get(coding, ()):
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


def _brotli(module: Any, data: bytes) -> bytes:
    return bytes(module.Decompressor().process(data))


def _zstd(module: Any, data: bytes) -> bytes:
    """Every frame of a body, as clients read it; the last may be cut off."""
    if module.__name__ == "zstandard":
        return bytes(module.ZstdDecompressor().decompressobj(read_across_frames=True).decompress(data))
    found = bytearray()
    while data:
        frame = module.ZstdDecompressor()
        found += frame.decompress(data)
        data = frame.unused_data
    return bytes(found)


_DECODING: Final[Mapping[str, Callable[[Any, bytes], bytes]]] = {"br": _brotli, "zstd": _zstd}


def _inflated(data: bytes, bits: int) -> bytes:
    found = bytearray()
    while data:
        inflater = zlib.decompressobj(bits)
        try:
            found += inflater.decompress(data)
        except zlib.error as error:
            if found and bits > zlib.MAX_WBITS:
                break  # what follows a whole member and is none, which gzip itself passes over
            raise Undecodable(f"a body is not compressed as it says it is ({error})") from None
        data = inflater.unused_data if bits > zlib.MAX_WBITS else b""
    return bytes(found)
