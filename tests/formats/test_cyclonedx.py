"""CycloneDX documents: valid, deterministic, and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.cyclonedx import Asset, Bill, Package, render
from readiness.layers.infrastructure import bom

HASHES = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")
NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]\.[0-9]", fullmatch=True)
PACKAGES = st.builds(Package, NAMES, VERSIONS, st.lists(HASHES, max_size=2, unique=True).map(tuple), st.booleans())
OWNERS = st.sampled_from(["", "ada@example.org", "team-data"])
PATHS = st.from_regex(r"[a-z]{1,6}/[a-z]{1,6}\.[a-z]{3}", fullmatch=True)
ASSETS = st.builds(Asset, PATHS, HASHES, st.integers(0, 2**40), st.just(""), OWNERS)
BILLS = st.builds(
    Bill, st.just("support"), st.sampled_from(["", "1.0"]), st.none() | st.just(datetime(2026, 1, 5, tzinfo=UTC)),
    st.lists(PACKAGES, max_size=3, unique_by=lambda package: (package.name, package.version)).map(tuple),
    st.lists(ASSETS, max_size=2, unique_by=lambda asset: asset.path).map(tuple), st.just(()), st.just({"readiness:tree": "sha256:0"}),
)  # fmt: skip


@given(BILLS)
def test_it_is_valid_and_the_same_each_time(bill: Bill) -> None:
    text = render(bill)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert render(bill) == text


@given(BILLS)
def test_what_is_written_is_read(bill: Bill) -> None:
    side = bom.read(render(bill).encode())
    assert {(name, version) for name, versions in side.snapshot.locked.items() for version in versions.split(", ")} == {
        (package.name, package.version) for package in bill.packages
    }
    assert {path: (state.digest, state.size_bytes) for path, state in side.files.items()} == {
        asset.path: (f"sha256:{asset.sha256}", asset.size_bytes) for asset in bill.models
    }


def test_data_has_its_contract_and_owner() -> None:
    asset = Asset("data/t.csv", "0" * 64, 3, "contracts/t.odcs.yaml (t 1.0)", "ada@example.org")
    text = render(Bill("p", "", None, data=(asset, Asset("data/README.md", "1" * 64, 3))))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    told = json.loads(text)
    assert "timestamp" not in told["metadata"]
    about, table = sorted(told["components"], key=lambda item: item["name"])
    assert about["type"] == "file"
    assert table["type"] == "data"
    assert table["data"] == [
        {"type": "dataset", "name": "data/t.csv", "governance": {"owners": [{"contact": {"email": "ada@example.org"}}]}}
    ]
    assert {"name": "readiness:contract", "value": "contracts/t.odcs.yaml (t 1.0)"} in table["properties"]


def test_another_content_has_another_serial_number() -> None:
    serials = {json.loads(render(Bill("p", version, None)))["serialNumber"] for version in ("1", "2", "3")}
    assert len(serials) == 3
