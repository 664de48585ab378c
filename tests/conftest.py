"""Settings for every test: examples are few and untimed, because the machines this runs on are shared."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

from readiness.world import files
from tests.long import LONG

# Where this is set, every process a test starts would compile the whole program again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

set_hypothesis_home_dir(Path(__file__).parents[1] / ".pytest_cache/hypothesis")
settings.register_profile("readiness", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("readiness")


@pytest.fixture
def workplace() -> Iterator[Path]:
    """A folder that the unprivileged user of the sandbox can reach, which pytest's own are not where we are root."""
    yield from _workplace()


@pytest.fixture(scope="module")
def reachable() -> Iterator[Path]:
    """Such a folder for all tests of a file."""
    yield from _workplace()


def _workplace() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="readiness-tests-", dir="/var/tmp" if Path("/var/tmp").is_dir() else None))
    folder.chmod(0o755)
    yield folder
    files.remove_tree(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is run by `make test-long` alone."""
    for item in items:
        if item.nodeid in LONG:
            item.add_marker(pytest.mark.long)
