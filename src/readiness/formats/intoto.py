"""in-toto Statements in DSSE envelopes: what is signed, and how it is read back strictly.

Sources: in-toto Attestation Framework 1.0 (Statement v1), predicates test-result v0.1 and SLSA VSA v1; DSSE 1.0.2,
whose pre-authentication encoding is `DSSEv1 SP LEN(type) SP type SP LEN(body) SP body`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from readiness.formats.canonical import canonical

STATEMENT: Final = "https://in-toto.io/Statement/v1"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
VSA: Final = "https://slsa.dev/verification_summary/v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


class Refused(ValueError):
    """An envelope that does not count, with the reason."""


@dataclass(frozen=True, slots=True)
class Signed:
    """An envelope taken apart: the exact payload bytes, and (key id, signature) pairs."""

    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]


def statement(name: str, sha256: str, predicate_type: str, predicate: dict[str, Any]) -> dict[str, Any]:
    """A Statement about one subject, `sha256` in hex."""
    subject = [{"name": name, "digest": {"sha256": sha256}}]
    return {"_type": STATEMENT, "subject": subject, "predicateType": predicate_type, "predicate": predicate}


def encoding(payload: bytes) -> bytes:
    """The bytes that are signed for a payload (DSSE pre-authentication encoding)."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def envelope(body: dict[str, Any], keyid: str, sign: Callable[[bytes], bytes]) -> bytes:
    """A signed envelope around a statement, as the bytes of its file."""
    payload = canonical(body)
    signature = base64.b64encode(sign(encoding(payload))).decode()
    whole = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": keyid, "sig": signature}],
    }
    return json.dumps(whole, indent=1).encode() + b"\n"


def open_envelope(data: bytes) -> Signed:
    """Takes an envelope apart without believing it. Raises Refused where it is cut short or no envelope."""
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused(f"is truncated or no JSON ({error})") from None
    try:
        if whole["payloadType"] != PAYLOAD_TYPE:
            raise Refused(f"holds `{whole['payloadType']}`, not an in-toto statement")
        payload = base64.b64decode(whole["payload"], validate=True)
        pairs = tuple((str(item["keyid"]), base64.b64decode(item["sig"], validate=True)) for item in whole["signatures"])
    except (KeyError, TypeError, binascii.Error, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"is no DSSE envelope ({type(error).__name__}: {error})") from None
    if not pairs:
        raise Refused("is not signed")
    return Signed(payload, pairs)


def read_statement(payload: bytes, predicate_type: str) -> dict[str, Any]:
    """The statement in a payload whose signature was already verified. Raises Refused where it is of another kind."""
    try:
        body = json.loads(payload)
        kind, predicate = body["_type"], body["predicateType"]
        if not isinstance(body["predicate"], dict) or not body["subject"][0]["digest"]["sha256"]:
            raise Refused("has no predicate or no subject")
    except Refused:
        raise
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise Refused(f"is no in-toto statement ({type(error).__name__})") from None
    if kind != STATEMENT or predicate != predicate_type:
        raise Refused(f"is a `{predicate}`, not a `{predicate_type}`")
    return dict(body)
