"""A server of each PostgreSQL there is here."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.world.postgres import Address, Server
from tests.world.postgres.conftest import MEMORY

DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module", params=["embedded", "debian"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Address]:
    """The address of a server that is thrown away."""
    if request.param == "debian" and not DEBIAN.is_dir():
        pytest.skip("Debian's PostgreSQL 15 is not installed")
    binaries = DEBIAN if request.param == "debian" else None
    with (
        tempfile.TemporaryDirectory(prefix="readiness-tests-", dir=MEMORY) as folder,
        Server(Path(folder) / "postgres", settings={"fsync": "off"}, binaries=binaries) as server,
    ):
        yield server.ensure()
