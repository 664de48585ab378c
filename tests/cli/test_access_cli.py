"""`readiness access`: what people see, exit code and both streams together, compared with golden files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from readiness.cli import main as cli
from tests.cli.conftest import GOLDEN
from tests.layers.conftest import ASSETS

Seen = Callable[..., str]
DESK = ASSETS / "security.policy-valid/holds/policies"
TICKET: dict[str, object] = {"owner": {"__entity": {"type": "Agent", "id": "ada"}}, "private": False}
ENTITIES: list[dict[str, object]] = [
    {"uid": {"type": "Team", "id": "desk"}, "attrs": {}, "parents": []},
    {"uid": {"type": "Agent", "id": "ada"}, "attrs": {"level": 1}, "parents": [{"type": "Team", "id": "desk"}]},
    {"uid": {"type": "Agent", "id": "bob"}, "attrs": {"level": 2}, "parents": []},
    {"uid": {"type": "Ticket", "id": "T-1"}, "attrs": TICKET, "parents": []},
    {"uid": {"type": "Ticket", "id": "T-2"}, "attrs": {**TICKET, "private": True}, "parents": []},
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The policies of a desk, with their entities; the project is the current folder."""
    root = tmp_path / "desk"
    (root / "policies").mkdir(parents=True)
    for path in DESK.iterdir():
        (root / "policies" / path.name).write_text(path.read_text())
    (root / "policies/entities.json").write_text(json.dumps(ENTITIES, indent=1))
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def seen(capsys: pytest.CaptureFixture[str]) -> Seen:
    """Runs a command and compares what it said with a golden file; READINESS_WRITE_GOLDEN=1 writes it."""

    def run(name: str, *words: str) -> str:
        code = cli.main(["access", *words])
        said = capsys.readouterr()
        text = f"$ readiness access {' '.join(words)}\n[exit {code}]\n--- stdout\n{said.out}--- stderr\n{said.err}"
        golden = GOLDEN / "access" / f"{name}.txt"
        if os.environ.get("READINESS_WRITE_GOLDEN"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text)
        assert text == golden.read_text()
        return text

    return run


def rewrite(root: Path, before: str, after: str) -> None:
    place = root / "policies/desk.cedar"
    text = place.read_text()
    assert before in text
    place.write_text(text.replace(before, after))


def test_sound_policies_are_linted(desk: Path, seen: Seen) -> None:
    seen("lint", "lint")


def test_every_fault_is_linted(desk: Path, seen: Seen) -> None:
    rewrite(desk, 'Action::"close"', 'Action::"clsoe"')
    rewrite(desk, "resource.private", "resource.privat")
    rewrite(desk, '@id("the_desk_reads")\n', "")
    text = seen("lint_faults", "lint")
    assert "[exit 1]" in text


def test_named_files_are_linted_without_a_project(desk: Path, seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk / "policies")
    assert "[exit 0]" in seen("lint_files", "lint", "desk.cedar", "desk.cedarschema")
    assert "[exit 1]" in seen("lint_no_schema", "lint", "desk.cedar")


def test_policies_the_engine_cannot_bear_are_not_judged(desk: Path, seen: Seen) -> None:
    rewrite(desk, "{ resource.private }", f"{{ {'(' * 100}resource.private{')' * 100} }}")
    assert "[exit 3]" in seen("lint_limit", "lint")


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("can", ["ada", "read", "T-1"], 0),
        ("can_in_full", ['Agent::"ada"', 'Action::"close"', 'Ticket::"T-2"'], 0),
        ("can_unquoted", ["Agent::ada", "read", "Ticket::T-1"], 0),
        ("can_not", ["bob", "read", "T-2"], 1),
        ("can_nearest", ["bob", "close", "T-1"], 1),
        ("can_unknown", ["zoe", "read", "T-1"], 1),
        ("can_undescribed", ["ada", "read", "T-9"], 3),
        ("can_no_action", ["ada", "raed", "T-1"], 2),
        ("can_no_principal", ["Ticket::T-1", "read", "T-1"], 2),
        ("can_context", ["ada", "read", "T-1", "--context", '{"hour": 3}'], 2),
        ("can_no_context", ["ada", "read", "T-1", "--context", "hour"], 2),
        ("can_entities", ["ada", "read", "T-1", "--entities", "none.json"], 2),
    ],
)
def test_whether_somebody_may_is_answered(desk: Path, seen: Seen, name: str, words: list[str], code: int) -> None:
    assert f"[exit {code}]" in seen(name, "can", *words)


def test_entities_of_another_file_are_used(desk: Path, seen: Seen) -> None:
    others = [{**ENTITIES[2], "parents": [{"type": "Team", "id": "desk"}]}, *ENTITIES[3:]]
    (desk / "others.json").write_text(json.dumps(others))
    assert "[exit 0]" in seen("can_others", "can", "bob", "read", "T-1", "--entities", "others.json")


def test_who_may_do_what_is_shown(desk: Path, seen: Seen) -> None:
    seen("matrix", "matrix")
    seen("matrix_json", "matrix", "--format", "json")
    html = seen("matrix_html", "matrix", "--format", "html")
    assert "<script" not in html
    assert "http" not in html.replace('http-equiv="Content-Security-Policy"', "")


def test_who_may_do_what_is_shown_without_entities(desk: Path, seen: Seen) -> None:
    (desk / "policies/entities.json").unlink()
    seen("matrix_groups", "matrix")


def test_what_a_project_writes_is_no_markup(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(desk, "the_desk_reads", "a<img src=x onerror=alert(1)>")
    assert cli.main(["access", "matrix", "--format", "html"]) == 0
    assert "<img" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [["can", "ada", "read", "T-1"], ["matrix"]])
def test_wrong_policies_answer_nothing(desk: Path, seen: Seen, words: list[str]) -> None:
    rewrite(desk, 'Action::"close"', 'Action::"clsoe"')
    assert "[exit 2]" in seen(f"{words[0]}_wrong", *words)


def test_a_project_without_policies_is_told_where_they_go(tmp_path: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text("X = 1\n")
    monkeypatch.chdir(tmp_path)
    assert "[exit 2]" in seen("none", "lint")


REFUNDS = """@id("agents_refund")
@budget("10/day")
permit (principal is Agent, action == Action::"refund", resource);

@id("a_person_decides")
@requires_approval
forbid (principal, action == Action::"refund", resource)
when { context.amount > 100 }
unless { context has approved_by && context.approved_by != principal };
"""
REFUND_SCHEMA = """entity Agent;
entity Order;
action "refund" appliesTo { principal: Agent, resource: Order, context: { amount: Long, approved_by?: Agent } };
"""


def test_what_somebody_else_has_to_agree_to_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: Seen) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "shop.cedar").write_text(REFUNDS)
    (folder / "shop.cedarschema").write_text(REFUND_SCHEMA)
    uids = [{"type": "Agent", "id": "refunds"}, {"type": "Order", "id": "o-1"}]
    (folder / "entities.json").write_text(json.dumps([{"uid": uid, "attrs": {}, "parents": []} for uid in uids]))
    monkeypatch.chdir(tmp_path)
    assert "[exit 1]" in seen("can-approval", "can", "refunds", "refund", "o-1", "--context", '{"amount": 101}')
    (folder / "shop.cedar").write_text(REFUNDS.replace("10/day", "ten a day").replace("@requires_approval", "@require_approval"))
    assert "[exit 1]" in seen("lint-guards", "lint")
