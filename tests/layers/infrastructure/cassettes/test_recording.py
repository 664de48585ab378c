"""Whom a demo may ask, by which variable; and what its own database was sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from readiness.config import manifest as manifests
from readiness.config.manifest import Demo
from readiness.layers.infrastructure import procedure
from readiness.layers.infrastructure.cassettes import recording
from readiness.testing.projects import make_repository
from readiness.world import project as projects
from readiness.world import watched
from readiness.world.session import Session


def doors(env: dict[str, str] | None = None, **user: str) -> dict[str, str]:
    return {door.variable: door.url for door in recording.doors(Demo(env=env or {}), user)}


DEFAULTS = {
    "OPENAI_BASE_URL": "https://api.openai.com/v1", "OPENAI_API_BASE": "https://api.openai.com/v1",
    "ANTHROPIC_BASE_URL": "https://api.anthropic.com", "OLLAMA_HOST": "http://127.0.0.1:11434",
}  # fmt: skip


def test_without_a_word_of_the_user_the_vendors_own_addresses_apply() -> None:
    assert doors() == DEFAULTS


def test_what_the_user_set_applies_and_its_other_name_is_not_led_elsewhere() -> None:
    found = doors(OPENAI_BASE_URL="http://10.0.0.5:8000/v1/", AZURE_OPENAI_ENDPOINT="https://mine.example", OLLAMA_HOST="0.0.0.0:11500")
    assert found == {
        "OPENAI_BASE_URL": "http://10.0.0.5:8000/v1", "AZURE_OPENAI_ENDPOINT": "https://mine.example",
        "ANTHROPIC_BASE_URL": "https://api.anthropic.com", "OLLAMA_HOST": "http://127.0.0.1:11500",
    }  # fmt: skip
    assert "OPENAI_BASE_URL" not in doors(OPENAI_API_BASE="https://mine.example/v1")


def test_what_the_manifest_says_goes_first_and_what_the_demo_starts_itself_is_no_door() -> None:
    assert doors({"HF_ENDPOINT": "https://mirror.example"}, HF_ENDPOINT="https://other.example")["HF_ENDPOINT"] == "https://mirror.example"
    own = doors({"OPENAI_BASE_URL": "http://127.0.0.1:8765/v1"}, OPENAI_BASE_URL="https://real.example/v1")
    assert set(own) == {"ANTHROPIC_BASE_URL", "OLLAMA_HOST"}


@pytest.fixture
def session(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    root = make_repository(tmp_path / "shop", {"main.py": "print(1)\n"})
    project = projects.load(root)
    with closing(Session(project, procedure.discover(project, manifests.load(root)))) as made:
        made.counts_statements = True
        yield made


def test_statements_are_kept_without_their_constants_and_with_the_tables_they_name(session: Session) -> None:
    database = watched.fresh_database(session, "first")
    address = session.postgres[1]
    with psycopg.connect(address.url("demo_first", "demo_first", database.password), autocommit=True) as connection:
        connection.execute("create table orders (id int, note text)")
        connection.execute("create table other (id int)")
        connection.execute("insert into orders values (1, 'Ann Lee, card 4111')")
        for number in range(3):
            connection.execute("select note from orders where id = %s", [number])
        connection.execute("create role helper password 'hunter2-hunter2'")
    database = replace(database, tables=watched.tables(database))
    found = {item.text: item for item in watched.statements(session, database)}
    asked = found["select note from orders where id = $1"]
    assert (asked.calls, asked.rows, asked.tables) == (3, 1, ("public.orders",))
    assert not any("Ann Lee" in text or "hunter2" in text for text in found)
    assert list(watched.statements(session, None)) == []
