"""The tools that migrate are driven as their users drive them, whatever they call the address of the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.layers.infrastructure import migrations
from readiness.sequence.finding import Cause, Outcome
from readiness.testing.projects import make_repository
from readiness.world import project as projects
from tests.layers.conftest import Judge
from tests.layers.infrastructure import tools
from tests.layers.infrastructure.checks.conftest import judge_online

__all__ = ["judge_online"]
ID = "infrastructure.migrations-apply"
pytestmark = pytest.mark.index


@pytest.mark.parametrize(
    "files",
    [
        tools.alembic(),
        tools.alembic(url='os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")'),
        tools.alembic(url='os.environ["SQLALCHEMY_DATABASE_URI"]'),
        tools.alembic(url='context.config.get_main_option("sqlalchemy.url")', ini="sqlalchemy.url = postgresql+psycopg://me:it@db/shop\n"),
        {f"backend/{path}" if path != "requirements.txt" else path: text for path, text in tools.alembic().items()},
        {
            f"backend/{path}" if path != "requirements.txt" else path: text.replace("%(here)s/schema", "./backend/schema")
            for path, text in tools.alembic().items()
        },
        tools.alembic() | {"requirements.txt": "alembic==1.16.5\nsqlalchemy==2.0.43\npsycopg[binary]==3.2.13\n"},
        tools.django(),
        tools.yoyo(),
    ],
    ids=["alembic", "rewritten", "another name", "in its file", "in a folder", "from above", "another driver", "django by parts", "yoyo"],
)
def test_a_tool_is_led_to_our_database(judge_online: Judge, files: dict[str, str]) -> None:
    found = judge_online(ID, files=files)
    assert (found.outcome, found.reason) == (Outcome.HOLDS, ""), found
    assert found.observed.endswith(", and a second time nothing")
    assert found.observed.startswith("1 migration of")


def test_the_revision_that_fails_is_named_with_its_line(judge_online: Judge) -> None:
    files = tools.alembic(b2=tools.revision("b2", "a1", 'op.add_column("order", sa.Column("b", sa.Text))', "pass"))
    found = judge_online(ID, files=files)
    assert (found.outcome, found.cause) == (Outcome.FAILS, Cause.PROJECT)
    assert found.observed == 'schema/versions/b2.py:9: relation "order" does not exist'


def test_scripts_that_are_meant_from_above_the_project_are_unknown_and_not_none(judge_online: Judge, tmp_path: Path) -> None:
    files = tools.alembic() | {"alembic.ini": "[alembic]\nscript_location = ./backend/schema\n"}
    top = make_repository(tmp_path / "top", {f"backend/{path}": text for path, text in files.items()})
    found = judge_online(ID, root=top / "backend")
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert found.reason == "alembic.ini means backend/schema from a folder above this project"


@pytest.mark.parametrize(
    ("ini", "location", "scripts", "folder", "place"),
    [
        ("alembic.ini", "schema", "schema", "", "alembic.ini"),
        ("db/alembic.ini", "%(here)s/schema", "db/schema", "db", "alembic.ini"),
        ("db/alembic.ini", "schema", "db/schema", "db", "alembic.ini"),
        ("db/alembic.ini", "db/schema", "db/schema", "", "db/alembic.ini"),
        ("app/db/alembic.ini", "./db/schema", "app/db/schema", "app", "db/alembic.ini"),
        ("db/schema/alembic.ini", ".", "db/schema", "db/schema", "alembic.ini"),
        ("alembic.ini", ".", ".", "", "alembic.ini"),
    ],
)
def test_alembic_is_run_from_where_its_scripts_are_found(
    tmp_path: Path, ini: str, location: str, scripts: str, folder: str, place: str
) -> None:
    files = {ini: f"[alembic]\nscript_location = {location}\n", f"{scripts}/versions/a1.py".removeprefix("./"): ""}
    (plan,) = migrations.find(projects.load(make_repository(tmp_path / "p", files)), manifests.Manifest())
    assert (plan.folder, plan.place, plan.count) == (folder, place, 1)


def test_two_heads_are_one_database_all_the_same(judge_online: Judge) -> None:
    more = {name: tools.revision(name, "a1", f'op.add_column("orders", sa.Column("{name}", sa.Text))', "pass") for name in ("b2", "c3")}
    assert judge_online(ID, files=tools.alembic(**more)).outcome is Outcome.HOLDS


def test_a_tool_that_the_project_does_not_install_is_unknown(judge_online: Judge) -> None:
    found = judge_online(ID, files=tools.alembic() | {"requirements.txt": "psycopg[binary]==3.2.13\n"})
    assert (found.outcome, found.cause, found.reason) == (
        Outcome.UNKNOWN,
        Cause.NOT_EXERCISED,
        "alembic is not among what the project installs",
    )


def test_a_setting_that_is_documented_is_given(judge_online: Judge) -> None:
    files = tools.alembic(url='os.environ["DATABASE_URL"] + os.environ["SHOP_API_KEY"][:0]')
    assert judge_online(ID, files=files | {".env.example": "SHOP_API_KEY=anything\n"}).outcome is Outcome.HOLDS


def test_a_setting_that_is_nowhere_is_no_fault_of_the_migrations(judge_online: Judge) -> None:
    found = judge_online(ID, files=tools.alembic(url='os.environ["DATABASE_URL"] + os.environ["SHOP_API_KEY"][:0]'))
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.CONFIGURATION)


def test_a_tool_led_to_another_database_by_the_project_itself_is_unknown(judge_online: Judge) -> None:
    found = judge_online(ID, files=tools.alembic(url='"postgresql+psycopg://me:it@database:5432/shop"'))
    assert found.outcome is Outcome.UNKNOWN
    assert found.cause in (Cause.SERVICE, Cause.NETWORK)
    assert "DATABASE_URL" in found.remedy.text


def test_a_tool_for_another_database_is_left_alone(judge_online: Judge) -> None:
    files = tools.alembic(url='context.config.get_main_option("sqlalchemy.url")', ini="sqlalchemy.url = sqlite:///shop.db\n")
    found = judge_online(ID, files=files)
    assert (found.outcome, "SQLite" in found.reason) == (Outcome.NOT_APPLICABLE, True), found
