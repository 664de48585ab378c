"""Everything a text may hide, brought to letters and digits, so that what was encoded is found by a plain search.

Undone are, nested up to twice and in any order: base64 (both alphabets), hex, URL encoding, HTML references, escapes as in
JSON and Python, UTF-16, ROT13, reversal, separators and spaces between characters, zero-width characters, full-width and
other compatibility forms (NFKC), letters of other scripts that look the same. Compressed, encrypted and translated text
is not.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from readiness.layers.security import leaks

LOOKED_AT: Final = 1 << 16
"""The most characters of one text that are looked at."""
SHORTEST: Final = 12
"""Characters below which a run of readable text in decoded bytes is chance."""
_DEPTH: Final = 2
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_SPACE: Final = re.compile(r"\s+")
_BETWEEN: Final = re.compile(r"[^A-Za-z0-9+/=%&#;\\]+")
_READABLE: Final = re.compile(rf"[^\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]{{{SHORTEST},}}")
"""Runs of at least SHORTEST characters that are no controls and were no broken UTF-8."""
_DROPPED: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Form:
    """A text as it is or decoded: `how` names the codings (empty: as it is)."""

    how: str
    text: str

    @cached_property
    def skeleton(self) -> str:
        """Its letters and digits in lower case, without anything between them."""
        return skeleton(self.text)


def skeleton(text: str) -> str:
    """The Latin letters and digits of a text in lower case, look-alikes among them, without anything between them."""
    return _DROPPED.sub("", _plain(text).lower())


def forms(text: str) -> Iterator[Form]:
    """The text as it is, then decoded in every way that applies, nearest first."""
    first = Form("", text[:LOOKED_AT])
    yield from _both(first)
    layer, seen = [first], {first.text}
    for _ in range(_DEPTH):
        layer = [form for old in layer for form in _decoded(old, seen)]
        for form in layer:
            yield from _both(form)


def _both(form: Form) -> Iterator[Form]:
    yield form
    if not form.text.isascii():  # the search itself looks for what is rotated, but not for look-alikes that were
        yield Form(f"{form.how}, in ROT13" if form.how else "in ROT13", codecs.encode(form.text, "rot13"))


def _decoded(old: Form, seen: set[str]) -> Iterator[Form]:
    for variant in _variants(old.text):
        for name, decode in _CODINGS:
            new = decode(variant)
            if new and new not in seen:
                seen.add(new)
                yield Form(f"{old.how}, {name}" if old.how else name, new)


def _plain(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_alike())


@cache
def _alike() -> dict[int, str]:
    """The letters of `look_alikes.txt`, each with the one it looks like."""
    lines = Path(__file__).with_name("look_alikes.txt").read_text(encoding="utf-8").splitlines()
    return {ord(pair[0]): pair[1] for line in lines if not line.startswith("#") for pair in line.split()}


def _variants(text: str) -> list[str]:
    """The same characters without what is between them, turned round, and rotated: all that leaves their number as it is."""
    plain = _plain(text)
    packed = {text: None, plain: None, _SPACE.sub("", plain): None, (close := _BETWEEN.sub("", plain)): None, close.replace("/", ""): None}
    turned = [other for one in packed for other in (one, one[::-1])]
    return list(dict.fromkeys(other for one in turned for other in (one, codecs.encode(one, "rot13"))))


def _bytes(decode: Callable[[bytes], bytes]) -> Callable[[str], str]:
    """A decoder of bytes as one of texts: what is readable in what it gives."""

    def decoded(text: str) -> str:
        found = decode(text.encode("utf-8", "replace"))
        return "\n".join(_READABLE.findall(found.replace(b"\0", b"").decode("utf-8", "replace"))) if found else ""

    return decoded


def _url(text: str) -> str:
    return unquote(text) if "%" in text else ""


def _html(text: str) -> str:
    return html.unescape(text) if "&" in text else ""


_CODINGS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("in base64", _bytes(leaks.base64_runs)),
    ("in hex", _bytes(leaks.hex_runs)),
    ("escaped", _bytes(leaks.escapes)),
    ("URL-encoded", _url),
    ("in HTML", _html),
)
