"""Stores in real databases: the embedded PostgreSQL, Debian's, and one that is given; each test has a clone of a template."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from readiness.store.connection import connect
from readiness.store.migrate import migrate
from readiness.world.postgres import Server
from tests.world.postgres.conftest import MEMORY

DEBIAN = Path("/usr/lib/postgresql/15/bin")
GIVEN = "READINESS_TEST_DATABASE_URL"
SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Databases:
    """A server's administrator, what a database of it is addressed by, and the name of the migrated template."""

    administrator: psycopg.Connection
    url: Callable[[str], str]
    template: str

    def make(self, template: str) -> str:
        """The address of a new database, a copy of the template."""
        name = f"readiness_test_{uuid4().hex}"
        self.administrator.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(sql.Identifier(name), sql.Identifier(template))
        )
        return self.url(name)

    def remove(self, url: str) -> None:
        """Removes such a database, whoever is connected to it."""
        name = urlsplit(url).path.removeprefix("/")
        self.administrator.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session", params=["embedded", "debian", "given"])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Each PostgreSQL there is here."""
    if request.param == "given":
        url = os.environ.get(GIVEN) or pytest.skip(f"{GIVEN} is not set")
        yield from _with_template(url, lambda name: urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
        return
    if request.param == "debian" and not DEBIAN.is_dir():
        pytest.skip("Debian's PostgreSQL 15 is not installed")
    with tempfile.TemporaryDirectory(prefix="readiness-tests-", dir=MEMORY) as folder:
        binaries = DEBIAN if request.param == "debian" else None
        with Server(Path(folder) / "postgres", settings=SETTINGS, binaries=binaries) as server:
            yield from _with_template(server.ensure().url("postgres"), server.ensure().url)


def _with_template(administrator_url: str, url: Callable[[str], str]) -> Iterator[Databases]:
    with connect(administrator_url) as administrator:
        databases = Databases(administrator, url, "")
        made = databases.make("template0")
        with connect(made) as connection:
            migrate(connection)
        try:
            yield Databases(administrator, url, urlsplit(made).path.removeprefix("/"))
        finally:
            databases.remove(made)


@pytest.fixture
def store_url(databases: Databases) -> Iterator[str]:
    """The address of a migrated database of the test's own."""
    url = databases.make(databases.template)
    yield url
    databases.remove(url)


@pytest.fixture
def store(store_url: str) -> Iterator[psycopg.Connection]:
    """A connection to it."""
    with connect(store_url) as connection:
        yield connection


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    """The address of an empty database of the test's own."""
    url = databases.make("template0")
    yield url
    databases.remove(url)
