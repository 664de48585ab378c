"""The manifest of training data: what is written is read back, and what is not whole is refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import intoto, training
from readiness.formats.canonical import digest
from readiness.formats.training import Approval, Contract, Partition
from readiness.sequence.evidence import Digest

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
CONTRACTS = st.none() | st.builds(Contract, st.text(max_size=5), st.just("1.0.0"), st.just("contracts/a.odcs.yaml"))
PARTITIONS = st.lists(
    st.builds(Partition, st.text("ab/.", min_size=1, max_size=6), HEX, st.integers(0, 2**53 - 1), st.none() | st.integers(0, 10**9),
              st.lists(st.text(max_size=4), max_size=3).map(tuple), CONTRACTS),
    min_size=1, max_size=4, unique_by=lambda item: item.path,
)  # fmt: skip
NOW = datetime(2026, 10, 2, 9, tzinfo=UTC)


def written(approval: Approval) -> bytes:
    return training.emit(approval, "ed25519:k", lambda data: b"signature")


@given(PARTITIONS, st.text(max_size=8), st.lists(HEX, max_size=2))
def test_what_is_written_is_read_back(partitions: list[Partition], by: str, previous: list[str]) -> None:
    before = tuple(Digest(f"sha256:{item}") for item in previous)
    data = written(Approval(3, NOW, by, tuple(partitions), "looked at", before))
    assert training.read(data) == Approval(3, NOW, by, tuple(partitions), "looked at", before, "ed25519:k", digest(data))


@given(st.integers(0, 400))
def test_half_a_manifest_is_refused(length: int) -> None:
    whole = written(Approval(1, NOW, "Ada", (Partition("a.csv", "0" * 64, 1),)))
    with pytest.raises(intoto.Refused):
        training.read(whole[: min(length, len(whole) - 2)])


@pytest.mark.parametrize("edit", [
    lambda body: body["subject"].append({"name": "b.csv", "digest": {"sha256": "1" * 64}}),
    lambda body: body["subject"].append(body["subject"][0]),
    lambda body: body["predicate"]["files"].clear(),
    lambda body: body["predicate"].update(approved_at="2026-10-02T09:00:00"),
    lambda body: body["predicate"].update(version="x"),
    lambda body: body["predicate"].pop("by"),
    lambda body: body.update(predicateType="urn:readiness:outcome-lock:v1"),
    lambda body: body.update(subject=[]),
])  # fmt: skip
def test_a_statement_of_another_shape_is_refused(edit: object) -> None:
    whole = json.loads(written(Approval(1, NOW, "Ada", (Partition("a.csv", "0" * 64, 1),))))
    body = json.loads(base64.b64decode(whole["payload"]))
    edit(body)  # type: ignore[operator]  # each of the functions above
    whole["payload"] = base64.b64encode(json.dumps(body).encode()).decode()
    with pytest.raises(intoto.Refused):
        training.read(json.dumps(whole).encode())
