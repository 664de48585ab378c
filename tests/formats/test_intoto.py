"""Signed statements: laid out as DSSE says, and believed only when nothing about them was touched."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import intoto
from readiness.formats.canonical import canonical
from readiness.world import keys

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY_ID = keys.name(PRIVATE.public_key())
BODY = intoto.statement("support-bot", "a" * 64, intoto.TEST_RESULT, {"result": "PASSED", "text": "naïve ≠ 1"})
FILE = intoto.envelope(BODY, KEY_ID, PRIVATE.sign)


def believed(data: bytes) -> bytes | None:
    """The payload as one who trusts only KEY_ID reads it; None where the file is refused."""
    try:
        signed = intoto.open_envelope(data)
    except intoto.Refused:
        return None
    pairs = [pair for pair in signed.signatures if pair[0] == KEY_ID]
    return signed.payload if any(keys.verifies(*pair, intoto.encoding(signed.payload)) for pair in pairs) else None


def altered(**fields: Any) -> bytes:
    return json.dumps({**json.loads(FILE), **fields}).encode()


def test_what_is_signed_is_laid_out_as_dsse_says() -> None:
    assert intoto.encoding(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    assert intoto.encoding("é".encode()) == b"DSSEv1 28 application/vnd.in-toto+json 2 \xc3\xa9", "lengths are bytes"


def test_an_envelope_holds_the_canonical_statement_and_its_signature() -> None:
    whole = json.loads(FILE)
    assert base64.b64decode(whole["payload"]) == canonical(BODY)
    assert whole["payloadType"] == "application/vnd.in-toto+json"
    assert [item["keyid"] for item in whole["signatures"]] == [KEY_ID]


@given(st.dictionaries(st.text(), st.text() | st.booleans() | st.none()), st.text(min_size=1))
def test_a_statement_comes_back_as_it_was_signed(predicate: dict[str, Any], name: str) -> None:
    body = intoto.statement(name, "b" * 64, intoto.VSA, predicate)
    payload = believed(intoto.envelope(body, KEY_ID, PRIVATE.sign))
    assert payload is not None
    assert intoto.read_statement(payload, intoto.VSA) == body


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_changes_nothing(place: int, flip: int) -> None:
    data = FILE[:place] + bytes([FILE[place] ^ flip]) + FILE[place + 1 :]
    assert believed(data) in (None, canonical(BODY))


def test_a_file_cut_anywhere_is_refused_until_only_the_last_line_end_is_missing() -> None:
    assert [believed(FILE[:length]) for length in range(len(FILE) - 1)] == [None] * (len(FILE) - 1)
    assert believed(FILE[:-1]) == canonical(BODY)


def test_a_signature_over_the_bare_payload_is_not_one_over_the_envelope() -> None:
    bare = base64.b64encode(PRIVATE.sign(canonical(BODY))).decode()
    assert believed(altered(signatures=[{"keyid": KEY_ID, "sig": bare}])) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is truncated or no JSON"),
        (b"\xff\xfe", "is truncated or no JSON"),
        (b"[]", "is no DSSE envelope"),
        (b"null", "is no DSSE envelope"),
        (altered(payloadType="text/plain"), "holds `text/plain`, not an in-toto statement"),
        (altered(payload="not base64!"), "is no DSSE envelope"),
        (altered(payload="ü"), "is no DSSE envelope"),
        (altered(payload=7), "is no DSSE envelope"),
        (altered(signatures=[]), "is not signed"),
        (altered(signatures={"keyid": "x"}), "is no DSSE envelope"),
        (altered(signatures=[{"keyid": "x"}]), "is no DSSE envelope"),
    ],
)
def test_what_is_no_envelope_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(intoto.Refused, match=said):
        intoto.open_envelope(data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "is a `"),
        ({"predicateType": intoto.VSA}, "is a `https://slsa.dev/verification_summary/v1`, not a"),
        ({"predicate": "yes"}, "has no predicate or no subject"),
        ({"subject": []}, "is no in-toto statement"),
        ({"subject": [{"digest": {"sha256": ""}}]}, "has no predicate or no subject"),
        ({"subject": [{"digest": {}}]}, "is no in-toto statement"),
    ],
)
def test_a_statement_of_another_kind_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(intoto.Refused, match=said):
        intoto.read_statement(canonical({**BODY, **change}), intoto.TEST_RESULT)


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[]", b"1", b"{}"])
def test_a_payload_that_is_no_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(intoto.Refused, match="is no in-toto statement"):
        intoto.read_statement(payload, intoto.TEST_RESULT)
