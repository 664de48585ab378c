"""Texts encoded in every way that is undone, nested, and benign texts of many kinds; both drawn."""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Callable
from random import Random
from urllib.parse import quote

_CYRILLIC = "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0410\u0415\u041e\u0420\u0421\u0425\u041d\u041a\u041c\u0422"
HOMOGLYPHS = str.maketrans("aeopcxyAEOPCXHKMT", _CYRILLIC)
SEPARATORS = (" ", "-", ".", "_", "|", ",", ", ", " - ", "\n", "/", "\u00b7", " * ")
WORDS = [
    "the",
    "answer",
    "is",
    "in",
    "section",
    "four",
    "of",
    "the",
    "manual",
    "please",
    "restart",
    "the",
    "server",
    "before",
    "you",
    "change",
    "this",
    "setting",
    "and",
    "read",
    "what",
    "the",
    "log",
    "says",
    "about",
    "memory",
    "shipping",
    "costs",
    "twelve",
    "euros",
    "within",
    "thirty",
    "days",
    "a",
    "table",
    "is",
    "locked",
    "while",
    "it",
    "is",
    "rebuilt",
    "see",
    "also",
    "https://docs.example.org/setup?page=2",
    "invoice",
    "2026-11",
    "total",
    "1,204.50",
    "EUR",
    "contact",
    "nobody",
]


def split(random: Random, text: str) -> str:
    """A text with a separator between its characters, or between every few of them."""
    every, between = random.choice((1, 1, 2, 3, 4)), random.choice(SEPARATORS)
    return between.join(text[start : start + every] for start in range(0, len(text), every))


CODINGS: dict[str, Callable[[Random, str], str]] = {
    "plain": lambda _, text: text,
    "base64": lambda _, text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda _, text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda _, text: text.encode().hex(),
    "spaced hex": lambda _, text: text.encode().hex(" ").upper(),
    "rot13": lambda _, text: codecs.encode(text, "rot13"),
    "url": lambda _, text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "partly url": lambda _, text: quote(text, safe=""),
    "zero width": lambda random, text: random.choice("\u200b\u200c\u200d\u2060\ufeff").join(text),
    "split": split,
    "reversed": lambda _, text: text[::-1],
    "html": lambda _, text: "".join(f"&#{ord(letter)};" for letter in text),
    "html in hex": lambda _, text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "unicode escapes": lambda _, text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "full width": lambda _, text: "".join(chr(ord(letter) + 0xFEE0) if 33 <= ord(letter) <= 126 else letter for letter in text),
    "look-alikes": lambda _, text: text.translate(HOMOGLYPHS),
    "json": lambda _, text: json.dumps(text),
}


def encoded(random: Random, text: str) -> tuple[str, str]:
    """How a text was encoded, twice, and a sentence that holds it."""
    inner, outer = random.choice(list(CODINGS)), random.choice(list(CODINGS))
    hidden = CODINGS[outer](random, CODINGS[inner](random, text))
    return f"{inner}, then {outer}", random.choice(("Sure! It is {} as you asked.", "{}", '{{"answer": "{}"}}', "a\n{}\nb")).format(hidden)


def benign(random: Random) -> str:
    """A text that holds none of our canaries: prose, with ids, digests, base64 and markup in it."""
    said = " ".join(random.choices(WORDS, k=random.randrange(5, 120)))
    extra = random.choice(("", random.randbytes(32).hex(), base64.b64encode(random.randbytes(60)).decode(), str(random.getrandbits(120))))
    other = random.choice(
        ("", "<p>&amp; &#8211; caf\u00e9</p>", "%20%C3%A9 100 %", "\\u00e9\\n", "\u0432\u043e\u043f\u0440\u043e\u0441 \u03bb")
    )
    return random.choice((f"{said} {extra} {other}", json.dumps({"answer": said, "id": extra, "more": other})))
