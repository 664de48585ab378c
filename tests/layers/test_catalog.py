"""The catalogue: every entry loads, is documented, and has its three assets, which differ by the planted fault alone."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.layers import catalog
from readiness.layers.infrastructure.evidence import Installed
from readiness.sequence.check import CheckSpec

ASSETS = Path(__file__).parents[1] / "assets"
PARTS = ("Proves:", "Needed above:", "Executed:", "Cannot see:", "Repair:", "Source:")


@pytest.mark.parametrize("spec", catalog.OURS, ids=lambda spec: spec.id)
def test_every_entry_loads_and_is_named_after_its_file(spec: CheckSpec) -> None:
    implementation = catalog.load(spec)
    assert spec.id == f"{spec.layer}.{spec.module.rpartition('.')[2].replace('_', '-')}"
    assert callable(implementation.observe)
    assert callable(implementation.judge)


@pytest.mark.parametrize("spec", catalog.OURS, ids=lambda spec: spec.id)
def test_every_entry_says_what_it_proves_and_what_it_cannot_see(spec: CheckSpec) -> None:
    doc = catalog.load(spec).doc
    assert [part for part in PARTS if part not in doc] == []
    assert doc.splitlines()[0].endswith(".")


@pytest.mark.parametrize("spec", catalog.OURS, ids=lambda spec: spec.id)
def test_the_failing_asset_differs_from_the_holding_one_in_one_file(spec: CheckSpec) -> None:
    folder = ASSETS / spec.id
    assert (folder / "not_applicable").is_dir()
    names = [{p.relative_to(folder / v).as_posix() for p in (folder / v).rglob("*") if p.is_file()} for v in ("holds", "fails")]
    assert names[0] == names[1]
    differing = [name for name in names[0] if not filecmp.cmp(folder / "holds" / name, folder / "fails" / name, shallow=False)]
    assert len(differing) == 1


def test_a_check_is_found_by_the_end_of_its_id_and_a_near_miss_is_named() -> None:
    assert catalog.find("starts").id == "infrastructure.starts"
    with pytest.raises(UsageError, match="no check `startz`") as caught:
        catalog.find("startz")
    assert "starts" in caught.value.hint


def test_a_module_without_the_two_halves_is_refused() -> None:
    spec = CheckSpec("x.y", catalog.OURS[0].layer, "y", catalog.OURS[0].cost, Installed.__module__)
    with pytest.raises(UsageError, match="is no check"):
        catalog.load(spec)
