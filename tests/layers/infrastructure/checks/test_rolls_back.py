"""A database goes to this release and back in earnest; what rows we made up, or what we cannot tell, blames nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.sequence.finding import Cause, Outcome
from readiness.testing.projects import git
from tests.layers.conftest import Judge
from tests.layers.infrastructure import tools
from tests.layers.infrastructure.checks.conftest import Released

ID = "infrastructure.rolls-back"
V1 = {"migrations/1_orders.up.sql": "create table orders (id int primary key, note text not null, kind varchar(3) default 'new');",
      "migrations/1_orders.down.sql": "drop table orders;"}  # fmt: skip


def second(up: str, down: str | None = None) -> dict[str, str]:
    """The first release with a second migration."""
    return V1 | {"migrations/2_more.up.sql": up} | ({"migrations/2_more.down.sql": down} if down is not None else {})


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("alter table orders add b int;", "alter table orders drop b;"),
        ("alter table orders rename to sales;", "alter table sales rename to orders;"),
        ("create table more (id int references orders (id));", "drop table more;"),
        ("create index on orders (note);", "drop index orders_note_idx;"),
        ("create view v as select note from orders;", "drop view v;"),
        ("create extension if not exists citext;", "select 1;"),
        ("alter table orders alter id type bigint;", "alter table orders alter id type int;"),
        ("alter table orders drop note; alter table orders add extra int;", "select 1;"),
    ],
    ids=["column", "rename", "table", "index", "view", "extension stays", "type", "drops"],
)
def test_what_is_undone_holds_and_what_is_not_fails(judge: Judge, released: Released, up: str, down: str) -> None:
    found = judge(ID, root=released(V1, second(up, down)))
    if "drop note" in up:
        assert [item.subject for item in found.problems] == ["orders.note", "column orders.extra", "column orders.note"]
        assert found.reason == "back at v1, 3 of 3 values of orders.note are lost"
    else:
        assert (found.outcome, found.reason) == (Outcome.HOLDS, ""), found
        assert found.observed == "v1 → this release → v1: 1 table as before, 3 rows kept"


@pytest.mark.parametrize(
    ("up", "down", "said"),
    [
        (
            "alter table orders drop kind;",
            "alter table orders add kind varchar(3) default 'new';",
            "3 of 3 values of orders.kind are changed",
        ),
        ("delete from orders where id > 1;", "", "2 of 3 rows of table orders are lost"),
        ("drop table orders;", V1["migrations/1_orders.up.sql"], "3 of 3 rows of table orders are lost"),
        ("update orders set note = upper(note);", "update orders set note = lower(note);", ""),
        ("update orders set note = '';", "", "3 of 3 values of orders.note are changed"),
        ("alter table orders add b int;", "", "column orders.b is left over"),
        ("create table more (id int);", "", "table more is left over"),
        ("alter table orders alter note drop not null;", "", "column orders.note is changed"),
        ("create role app_reader; grant select on orders to app_reader;", "", "privilege orders.app_reader is left over"),
        ("alter table orders enable row level security;", "", "table orders is changed"),
        ("create function f() returns int language sql as 'select 1';", "", "function public.f is left over"),
    ],
    ids=["default hides", "rows", "table", "reversible", "overwritten", "column", "table stays", "null", "grant", "security", "function"],
)
def test_a_loss_is_named_with_table_and_column(judge: Judge, released: Released, up: str, down: str, said: str) -> None:
    found = judge(ID, root=released(V1, second(up, down or "select 1;")))
    assert found.outcome is (Outcome.FAILS if said else Outcome.HOLDS), found
    assert said in found.observed
    assert not said or found.problems[0].location is not None


def test_no_way_down_fails_with_what_to_write(judge: Judge, released: Released) -> None:
    found = judge(ID, root=released(V1, second("alter table orders add b int;")))
    assert (found.outcome, found.observed) == (Outcome.FAILS, "cannot go back: 2_more.up.sql has no way down")
    assert (found.location.file if found.location else "", ".down.sql" in found.remedy.text) == ("migrations/2_more.up.sql", True)


def test_a_column_that_rows_forbid_fails_on_the_way_there(judge: Judge, released: Released) -> None:
    found = judge(ID, root=released(V1, second("alter table orders add b int not null;", "alter table orders drop b;")))
    assert (found.outcome, found.cause) == (Outcome.FAILS, Cause.PROJECT)
    assert found.observed.startswith("v1 does not become this release: migrations/2_more.up.sql:1: column")


def test_a_column_that_rows_forbid_fails_on_the_way_back(judge: Judge, released: Released) -> None:
    found = judge(ID, root=released(V1, second("alter table orders drop note;", "alter table orders add note text not null;")))
    assert (found.outcome, "the way back to v1 fails" in found.observed) == (Outcome.FAILS, True)


@pytest.mark.parametrize(
    "up",
    [
        "alter table orders add check (note in ('a', 'b'));",
        "alter table orders alter note type int using note::int;",
        "create table notes (id text primary key); alter table orders add foreign key (note) references notes (id);",
    ],
    ids=["check", "cast", "key"],
)
def test_rows_we_made_up_that_the_new_release_does_not_want_are_not_blamed(judge: Judge, released: Released, up: str) -> None:
    found = judge(ID, root=released(V1, second(up, "select 1;")))
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert "demo" in found.remedy.text


def test_a_table_that_could_not_be_filled_and_is_changed_is_unknown(judge: Judge, released: Released) -> None:
    v1 = {
        "migrations/1_a.up.sql": "create table t (a text not null check (a ~ '^§§[x-z]{5}$'));",
        "migrations/1_a.down.sql": "drop table t;",
    }
    more = {"migrations/2_b.up.sql": "alter table t add b int;", "migrations/2_b.down.sql": "alter table t drop b;"}
    found = judge(ID, root=released(v1, v1 | more))
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert "no rows could be put into t" in found.reason


def test_one_that_is_not_changed_does_not_matter(judge: Judge, released: Released) -> None:
    v1 = {
        "migrations/1_a.up.sql": "create table t (a text not null check (a ~ '^§§[x-z]{5}$'));",
        "migrations/1_a.down.sql": "drop table t;",
    }
    more = {"migrations/2_b.up.sql": "create table u (a int);", "migrations/2_b.down.sql": "drop table u;"}
    assert judge(ID, root=released(v1, v1 | more)).outcome is Outcome.HOLDS


def test_one_release_is_left_alone(judge: Judge) -> None:
    found = judge(ID, files=V1)
    assert (found.outcome, found.reason) == (Outcome.NOT_APPLICABLE, "migrations has had one release of migrations so far")


def test_the_first_migrations_there_ever_were_are_left_alone(judge: Judge, released: Released) -> None:
    assert judge(ID, root=released({"app.py": ""}, {"app.py": "", **V1})).outcome is Outcome.NOT_APPLICABLE


def test_without_tags_the_commit_before_the_migrations_changed_counts(judge: Judge, released: Released) -> None:
    now = second("alter table orders add b int;", "select 1;")
    found = judge(ID, root=released(V1, now, {**now, "app.py": ""}, tags=False))
    assert (found.outcome, "column orders.b is left over" in found.observed) == (Outcome.FAILS, True)


def test_a_tag_of_today_is_not_the_release_before(judge: Judge, released: Released) -> None:
    root = released(V1, second("alter table orders add b int;", "alter table orders drop b;"))
    git(root, "tag", "v2")
    assert judge(ID, root=root).observed.startswith("v1 → this release")


def test_tags_with_the_same_migrations_are_passed_over(judge: Judge, released: Released) -> None:
    now = second("alter table orders add b int;", "alter table orders drop b;")
    assert judge(ID, root=released(V1, now, {**now, "app.py": ""})).observed.startswith("v1 → this release")


def test_what_is_not_committed_yet_is_this_release(judge: Judge, released: Released) -> None:
    root = released(V1)
    (root / "migrations/2_more.up.sql").write_text("alter table orders add b int;")
    (root / "migrations/2_more.down.sql").write_text("alter table orders drop b;")
    assert judge(ID, root=root).outcome is Outcome.HOLDS


def test_a_project_below_the_top_of_its_repository_has_releases_too(judge: Judge, released: Released) -> None:
    now = second("alter table orders add b int;", "alter table orders drop b;")
    below = [{f"shop/{path}": text for path, text in state.items()} | {"shop/setup.cfg": "[metadata]\n"} for state in (V1, now)]
    assert judge(ID, root=released(*below) / "shop").observed.startswith("v1 → this release")


def test_history_that_was_cut_off_is_unknown(judge: Judge, released: Released, tmp_path: Path) -> None:
    whole = released(V1, second("alter table orders add b int;", "alter table orders drop b;"))
    git(whole, "clone", "-q", "--depth=1", "--no-tags", f"file://{whole}", str(tmp_path / "shallow"))
    found = judge(ID, root=tmp_path / "shallow")
    assert (found.outcome, found.cause, found.remedy.command) == (Outcome.UNKNOWN, Cause.FILE, "git fetch --unshallow --tags")


def test_a_folder_without_history_is_unknown(judge: Judge, tmp_path: Path) -> None:
    for path, text in V1.items():
        place = tmp_path / "plain" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    found = judge(ID, root=tmp_path / "plain")
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)


def test_a_release_that_no_longer_applies_blames_nobody_of_today(judge: Judge, released: Released) -> None:
    broken = V1 | {"migrations/1_orders.up.sql": "create tabel orders ();"}
    found = judge(ID, root=released(broken, second("alter table orders add b int;", "alter table orders drop b;")))
    assert (found.outcome, found.cause, "v1 itself does not apply" in found.observed) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED, True)


def test_a_script_that_was_edited_after_its_release_is_noted(judge: Judge, released: Released) -> None:
    now = second("alter table orders add b int;", "alter table orders drop b;")
    edited = now | {"migrations/1_orders.up.sql": V1["migrations/1_orders.up.sql"].replace("note text", "note citext")}
    found = judge(ID, root=released(V1, edited))
    assert (found.outcome, found.notes) == (Outcome.HOLDS, ("migrations/1_orders.up.sql is another than it was when it was released",))


def test_rows_that_are_told_apart_by_nothing_are_compared_too(judge: Judge, released: Released) -> None:
    v1 = V1 | {"migrations/1_orders.up.sql": "create table orders (note text, at date);"}
    now = v1 | {"migrations/2_b.up.sql": "update orders set at = at + 1;", "migrations/2_b.down.sql": "select 1;"}
    found = judge(ID, root=released(v1, now))
    assert [item.subject for item in found.problems] == ["orders.at"]


@pytest.mark.index
def test_alembic_goes_back_to_the_revision_of_the_release(judge_online: Judge, released: Released) -> None:
    one = tools.revision("b2", "a1", 'op.add_column("orders", sa.Column("b", sa.Text))', 'op.drop_column("orders", "b")')
    two = tools.revision("c3", "b2", 'op.add_column("orders", sa.Column("c", sa.Text))', 'op.drop_column("orders", "c")')
    found = judge_online(ID, root=released(tools.alembic(), tools.alembic(b2=one, c3=two)))
    assert (found.outcome, found.observed) == (Outcome.HOLDS, "v1 → this release → v1: 1 table as before, 3 rows kept"), found


@pytest.mark.index
@pytest.mark.parametrize(
    ("down", "said"),
    [
        ("pass", "column orders.b is left over"),
        ('raise NotImplementedError("no way")', "cannot go back: NotImplementedError: no way"),
        ('op.drop_column("order", "b")', "the way back to v1 fails: schema/versions/b2.py:12"),
    ],
    ids=["pass", "refuses", "wrong"],
)
def test_a_downgrade_that_does_not_fails(judge_online: Judge, released: Released, down: str, said: str) -> None:
    more = tools.revision("b2", "a1", 'op.add_column("orders", sa.Column("b", sa.Text))', down)
    found = judge_online(ID, root=released(tools.alembic(), tools.alembic(b2=more)))
    assert (found.outcome, said in found.observed) == (Outcome.FAILS, True), found.observed


@pytest.mark.index
@pytest.mark.parametrize(
    ("operation", "outcome", "said"),
    [
        ('migrations.AddField("order", "b", models.TextField(null=True))', Outcome.HOLDS, "rows kept"),
        ('migrations.RunSQL("create table extra (id int)")', Outcome.FAILS, "cannot go back"),
        ('migrations.RemoveField("order", "note")', Outcome.FAILS, "the way back to v1 fails"),
    ],
    ids=["field", "irreversible", "removed"],
)
def test_django_goes_back_app_by_app(judge_online: Judge, released: Released, operation: str, outcome: Outcome, said: str) -> None:
    found = judge_online(ID, root=released(tools.django(), tools.django(operation)))
    assert (found.outcome, said in found.observed) == (outcome, True), found.observed


@pytest.mark.index
@pytest.mark.parametrize(("down", "outcome"), [(", 'alter table orders drop b'", Outcome.HOLDS), ("", Outcome.FAILS)], ids=["down", "none"])
def test_yoyo_goes_back_by_its_steps(judge_online: Judge, released: Released, down: str, outcome: Outcome) -> None:
    more = {"0002_b.py": f"from yoyo import step\n\nsteps = [step('alter table orders add b int'{down})]\n"}
    found = judge_online(ID, root=released(tools.yoyo(), tools.yoyo(**more)))
    assert found.outcome is outcome, found.observed


RUNNER = """
import os, pathlib, sys
import psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    for name in sys.argv[1:]:
        connection.execute(pathlib.Path(name).read_text())
"""


@pytest.mark.index
@pytest.mark.parametrize(
    ("rollback", "said"),
    [('rollback = ["python", "run.py", "sql/down.sql"]', ""), ("", "`migrate` of [infrastructure] has no `rollback`")],
    ids=["back", "none"],
)
def test_commands_of_the_manifest_go_there_and_back(judge_online: Judge, released: Released, rollback: str, said: str) -> None:
    toml = f'[infrastructure]\nmigrate = ["python", "run.py", "sql/up.sql"]\n{rollback}\n'
    base = {"run.py": RUNNER, "requirements.txt": "psycopg[binary]==3.2.13\n", "readiness.toml": toml,
            "sql/down.sql": "alter table orders drop b;"}  # fmt: skip
    first = "create table if not exists orders (id int primary key);"
    found = judge_online(ID, root=released(base | {"sql/up.sql": first},
                                           base | {"sql/up.sql": f"{first} alter table orders add if not exists b int;"}))  # fmt: skip
    assert found.outcome is (Outcome.FAILS if said else Outcome.HOLDS), found
    assert said in found.observed


DEMO = """
import os
import psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("insert into orders values (77, 'a')")
print("done")
"""


@pytest.mark.index
def test_what_the_demo_of_the_release_writes_is_kept_too(judge_online: Judge, released: Released) -> None:
    sql = "create table orders (id int primary key, note text check (note ~ '^[ab]$'));"
    first = V1 | {"migrations/1_orders.up.sql": sql, "demo.py": DEMO, "requirements.txt": "psycopg[binary]==3.2.13\n",
                  "readiness.toml": '[demo]\ncommand = ["python", "demo.py"]\nneeds = ["postgres"]\n'}  # fmt: skip
    more = {"migrations/2_b.up.sql": "delete from orders where note = 'a';", "migrations/2_b.down.sql": "select 1;"}
    found = judge_online(ID, root=released(first, first | more))
    assert (found.outcome, "1 of 1 rows of table orders are lost" in found.observed) == (Outcome.FAILS, True), found.observed
