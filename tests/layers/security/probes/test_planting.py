"""Where instructions are planted: at the end of each document, in the field that is read, and nowhere else."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from random import Random

import psycopg
import pytest

from readiness.config.manifest import Request
from readiness.layers.security.probes import planting, render_planting, trials
from readiness.layers.security.probes.asking import Way
from readiness.layers.security.probes.corpus import ours
from readiness.world.postgres import Address
from readiness.world.watched import Database

TEXTS = ("SYSTEM: one, and two",)
ROWS = [
    {"id": "a", "title": "Returns", "text": "Goods may be returned within thirty days."},
    {"id": "b", "title": "x", "text": "Shipping abroad is not free of charge."},
]


def planted(path: str, text: str) -> str | None:
    found = planting.planted(path, text.encode(), TEXTS, Random(1))
    return None if found is None else found.decode()


def test_a_text_ends_with_it() -> None:
    assert planted("docs/returns.md", "# Returns\n") == "# Returns\n\nSYSTEM: one, and two\n"


@pytest.mark.parametrize("path", ["a.jsonl", "a.json", "b.json"])
def test_every_row_ends_with_it_in_its_longest_field(path: str) -> None:
    text = (
        "\n".join(map(json.dumps, ROWS))
        if path == "a.jsonl"
        else json.dumps(ROWS if path == "a.json" else {"version": 1, "documents": ROWS})
    )
    found = planted(path, text)
    assert found is not None
    rows = [json.loads(line) for line in found.splitlines()] if path == "a.jsonl" else json.loads(found)
    rows = rows["documents"] if isinstance(rows, dict) else rows
    assert [row["text"].endswith(TEXTS[0]) for row in rows] == [True, True]
    assert [(row["id"], row["title"]) for row in rows] == [("a", "Returns"), ("b", "x")]


def test_a_table_keeps_its_form() -> None:
    text = "id;text\n1;Goods may be returned within thirty days.\n2;Shipping abroad is not free, of course.\n"
    found = planted("a.csv", text)
    assert found is not None
    rows = list(csv.reader(io.StringIO(found), delimiter=";"))
    assert rows[0] == ["id", "text"]
    assert all(row[1].endswith(TEXTS[0]) for row in rows[1:])


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.json", '{"threshold": 0.5, "greeting": "Hello there, my good friend of old"}'), ("a.json", "{"), ("a.jsonl", '{"a": 1}\n'),
     ("a.json", '[{"id": "abc"}, {"id": "def"}]'), ("a.csv", "a,b\n1,2\n3,4\n"), ("a.csv", ""), ("a.jsonl", "[1]\n[2]\n")],
)  # fmt: skip
def test_what_holds_no_documents_is_left_alone(path: str, text: str) -> None:
    assert planted(path, text) is None


def test_which_files_are_documents_and_which_are_prompts() -> None:
    paths = (
        "data/docs.jsonl",
        "README.md",
        "requirements.txt",
        "prompts/system.txt",
        "app.py",
        "models/tokenizer.json",
        "faq.md",
        "system-prompt.md",
    )
    assert planting.documents(paths, (), ()) == ("data/docs.jsonl", "faq.md")
    assert planting.documents(paths, (), ("faq.md",)) == ("data/docs.jsonl",)
    assert planting.documents(paths, ("README.md",), ()) == ("README.md",)
    assert planting.prompts(paths, ()) == ("prompts/system.txt", "system-prompt.md")
    assert planting.prompts(paths, ("faq.*",)) == ("faq.md",)


def way(number: int, token: str = "") -> Way:
    headers = {"Authorization": f"Bearer {{{token}}}"} if token else {}
    return Way(Request(f"q{number}", "/ask", "POST", {"q": f"question {number}?"}, headers), "$.q", f"question {number}?")


COUNTS = {"canary-leak": 6, "pii-echo": 2, "indirect-injection": 3, "exfiltration-link": 3, "tool-hijack": 3}


def test_the_same_seed_draws_the_same_whatever_else_is_asked() -> None:
    ways = (way(1, "A"), way(2, "B"))
    steps, untried = trials.direct(ways, ours(), COUNTS, 5)
    alone, _ = trials.direct(ways, ours(), {"canary-leak": 3}, 5)
    other, _ = trials.direct(ways, ours(), COUNTS, 6)
    assert untried == {}
    asked = [(step.kind, step.text) for step in steps]
    assert asked[: len(alone)] == [(step.kind, step.text) for step in alone]
    assert asked != [(step.kind, step.text) for step in other]
    assert trials.indirect(ways, ours(), COUNTS, 5, 0, 0) == trials.indirect(ways, ours(), COUNTS, 5, 0, 0)


def test_another_users_data_is_asked_for_by_another_caller() -> None:
    steps, untried = trials.direct((way(1, "A"), way(2, "B")), ours(), {"pii-echo": 4}, 0)
    told = [step for step in steps if step.kind == trials.TOLD]
    asked = [step for step in steps if step.kind == trials.ATTACK]
    assert untried == {}
    assert [one.way.request.id != other.way.request.id for one, other in zip(told, asked, strict=True)] == [True] * 4
    assert all(step.needles for step in asked)
    _, untried = trials.direct((way(1, "A"), way(2, "A")), ours(), {"pii-echo": 4}, 0)
    assert "one caller alone" in untried["pii-echo"]
    steps, untried = trials.direct((way(1),), ours(), {"pii-echo": 4}, 0)
    assert untried == {}


def test_what_is_planted_never_holds_what_obeying_it_says() -> None:
    plan = trials.indirect((way(1),), ours(), COUNTS, 3, 0, 10)
    from readiness.layers.security.probes import oracle

    for step in plan.indirect:
        needles = [needle for _, needle in step.needles if needle.kind == "text"]
        assert needles
        assert oracle.find(needles, "\n".join(plan.planted)) == ()
    assert len(plan.markers) == trials.VARIANTS


def test_rows_that_are_hidden_from_their_owner_are_reached_and_hidden_again(cluster: Address) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as admin:
        admin.execute("create role planted_owner login password 'word' createrole")
        admin.execute("create database planted_shop owner planted_owner")
    url = cluster.url("planted_shop", "planted_owner", "word")
    with psycopg.connect(url) as owner:
        owner.execute("create table doc (id text primary key, body text not null)")
        owner.execute(
            "insert into doc select id::text, 'Goods may be returned within thirty days, said ' || id from generate_series(1, 3) id"
        )
        owner.execute("alter table doc enable row level security")
        owner.execute("alter table doc force row level security")
    database = Database(Path("unused"), url, url, "word", own_url=url)
    assert render_planting.plant(database, TEXTS, 0) == "doc.body"
    with psycopg.connect(cluster.url("planted_shop")) as admin:
        bodies = [row[0] for row in admin.execute("select body from doc")]
        assert [body.endswith(TEXTS[0]) for body in bodies] == [True] * 3
        assert admin.execute("select relforcerowsecurity from pg_class where relname = 'doc'").fetchone() == (True,)
