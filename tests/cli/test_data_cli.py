"""`data infer` as users have it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from readiness.testing.projects import make_repository
from tests.cli.conftest import Readiness, Said, Within

FILES = {
    "data/prices.csv": "sku,price,currency\nA-001,1.50,EUR\nB-002,2,EUR\n",
    "data/orders.jsonl": '{"id": 1}\n{"id": 2}\n',
    "CODEOWNERS": "data/prices.csv @ada\n",
}


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


def test_a_draft_is_written_once_and_says_what_is_left(readiness: Readiness, golden: Callable[[str, Said], None]) -> None:
    root = make_repository(readiness.folder / "app", FILES)
    words = ("data", "infer", "app/data/prices.csv", "app/data/orders.jsonl", "--table", "stock", "--project", "app")
    golden("data/infer", readiness(*words))
    before = (root / "contracts/prices.odcs.yaml").read_bytes()
    golden("data/infer_again", readiness(*words[:3], *words[-2:]))
    assert (root / "contracts/prices.odcs.yaml").read_bytes() == before


def test_a_dry_run_prints_the_contract(readiness: Readiness, golden: Callable[[str, Said], None]) -> None:
    root = make_repository(readiness.folder / "app", FILES)
    golden("data/infer_dry", readiness("data", "infer", "app/data/prices.csv", "--project", "app", "--dry-run"))
    assert not (root / "contracts").exists()


def test_what_is_no_file_of_the_project_is_refused_and_nothing_is_written(
    readiness: Readiness, golden: Callable[[str, Said], None]
) -> None:
    root = make_repository(readiness.folder / "app", FILES)
    golden("data/infer_nothing", readiness("data", "infer", "app/data/prices.csv", "app/data/gone.csv", "--project", "app"))
    golden("data/infer_unnamed", readiness("data", "infer", "--project", "app"))
    assert not (root / "contracts").exists()
