"""A secret is found where it is cut, encoded or turned round, and nowhere else."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.security import leaks
from readiness.layers.security.leaks import Known
from readiness.world import demo as demos

CANARY = demos.canary("API_TOKEN")
KNOWN = (Known("API_TOKEN", CANARY.rpartition("-")[2]), Known("PASSWORD", "Zk3_w-9QpLmA4xTv8RbN2cYd"))


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "": lambda text: text,
    "in base64": encode,
    "in hex": lambda text: text.encode().hex(),
    "URL-encoded": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "in HTML": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "escaped": lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    "in UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "in base64, in base64": lambda text: encode(encode(text)),
    "in base64, URL-encoded": lambda text: encode("".join(f"%{byte:02X}" for byte in text.encode())),
}


@pytest.mark.parametrize("how", FORMS)
@pytest.mark.parametrize("before", ["", "x", "ab ", "token="])
def test_a_canary_is_found_in_every_form(how: str, before: str) -> None:
    data = f"2026 INFO {before}{FORMS[how](CANARY)} done".encode("latin-1")
    assert leaks.find(KNOWN, data) == (("API_TOKEN", how),)


def test_other_alphabets_other_cases_and_what_is_turned_round_are_found() -> None:
    url_safe = base64.urlsafe_b64encode(b"user:" + KNOWN[1].drawn.encode()).decode().rstrip("=")
    assert leaks.find(KNOWN, f"Authorization: Basic {url_safe}".encode()) == (("PASSWORD", "in base64"),)
    assert leaks.find(KNOWN, CANARY.upper().encode()) == (("API_TOKEN", ""),)
    assert leaks.find(KNOWN, CANARY[::-1].encode()) == (("API_TOKEN", ""),)
    assert leaks.find(KNOWN, json.dumps({"a": json.dumps({"key": CANARY})}).encode())
    assert leaks.find(KNOWN, quote(html.escape(CANARY)).encode())


@pytest.mark.parametrize("start", range(13))
def test_twelve_characters_are_a_leak_and_eleven_are_none(start: int) -> None:
    part = KNOWN[0].drawn[start : start + 12]
    assert leaks.find(KNOWN, f"key …{part}…".encode()) == (("API_TOKEN", ""),)
    assert leaks.find(KNOWN, f"key …{part[:11]}…{part[1:]}…".encode()) == ()


def test_a_length_byte_of_protobuf_in_front_hides_nothing() -> None:
    for length in range(48, 123):
        assert leaks.find(KNOWN, bytes([10, length]) + encode(CANARY).encode() + b"\x12\x00")


def test_no_value_is_shown() -> None:
    assert KNOWN[0].drawn not in repr(KNOWN)


@given(st.binary(max_size=400))
def test_any_bytes_are_looked_through(data: bytes) -> None:
    assert leaks.find(KNOWN, data) == ()
    assert leaks.find(KNOWN, data + b" " + CANARY.encode() + b" " + data) == (("API_TOKEN", ""),)
