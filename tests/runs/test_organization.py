"""The organization beside the verdict: shown, remembered, and deciding nothing that `check` answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from readiness.cli import text
from readiness.formats import verdicts
from readiness.layers import catalog
from readiness.runs.check import Judged, Options, check
from readiness.sequence.finding import Outcome
from readiness.sequence.layers import Layer
from readiness.testing.projects import make_repository
from tests.runs.stated import catalogue, files

OWNER, STOPPED = "organization.owner-active", "organization.can-be-stopped"
Ask = Callable[..., Judged]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    catalogue(tmp_path / "catalogue", monkeypatch)

    def asked(findings: Mapping[str, str], options: Options | None = None) -> Judged:
        root = tmp_path / "bot"
        return check(root if root.exists() else make_repository(root, files(findings)), options or Options())

    return asked


@pytest.mark.parametrize("said", ["fails", "unknown", "holds"])
def test_the_organization_is_told_and_decides_nothing(ask: Ask, said: str) -> None:
    judged = ask({OWNER: said})
    assert (judged.verdict.exit_code, judged.verdict.layer_held) == (0, 5)
    assert judged.organization.outcome == said
    told = verdicts.of(judged.header, judged.verdict)
    assert (told["exit"], told["outcome"], told["organization"]["outcome"]) == (0, "holds", said)
    assert [(item["id"], item["required"]) for item in told["organization"]["checks"]] == [(OWNER, True), (STOPPED, True)]
    assert OWNER not in [item["id"] for layer in told["layers"] for item in layer["checks"]]


def test_its_findings_are_remembered_like_others(ask: Ask) -> None:
    ask({OWNER: "fails"})
    again = ask({})
    assert again.cached
    assert again.organization.checks[0].evidence is not None
    assert again.organization.checks[0].evidence.cached


def test_a_question_about_some_layers_is_none_about_it(ask: Ask) -> None:
    judged = ask({OWNER: "fails"}, Options(upto=Layer.DATA))
    told = verdicts.of(judged.header, judged.verdict)["organization"]
    assert told == {"outcome": "unknown", "claimed": False, "reason": "not asked", "checks": []}


@pytest.mark.parametrize(("said", "code"), [("fails", 1), ("unknown", 3), ("holds", 0)])
def test_a_condition_that_is_asked_for_by_name_answers(ask: Ask, said: str, code: int) -> None:
    judged = ask({OWNER: said}, Options(only=(OWNER,)))
    assert (judged.verdict.exit_code, judged.verdict.layer_held) == (code, 0)
    assert [item.spec.id for item in judged.organization.checks] == [OWNER]


@pytest.mark.parametrize(
    ("owner", "data", "code"), [("holds", "fails", 1), ("unknown", "holds", 3), ("fails", "holds", 1), ("holds", "holds", 0)]
)
def test_asked_for_beside_a_check_of_a_layer_the_worse_one_answers(ask: Ask, owner: str, data: str, code: int) -> None:
    judged = ask({OWNER: owner, "data.contracts-hold": data}, Options(only=(OWNER, "data.contracts-hold")))
    assert judged.verdict.exit_code == code


def test_without_a_check_of_it_it_is_unknown_and_said_so(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "ORGANIZATION", ())
    judged = ask({})
    assert (judged.organization.outcome, judged.organization.reason) == (Outcome.UNKNOWN, "this version has no check of it")


def test_a_mode_skips_layers_and_never_the_organization(ask: Ask, tmp_path: Path) -> None:
    ask({OWNER: "fails"})
    (tmp_path / "bot/readiness.toml").write_text(
        '[project]\nid = "bot"\nmode = "research"\nuntil = 2099-01-01\nreason = "a try"\nowner = "Ada"\n'
    )
    assert ask({}).organization.outcome is Outcome.FAILS


def test_a_condition_that_is_asked_for_by_name_is_shown_with_its_reason(ask: Ask) -> None:
    shown = text.render(ask({OWNER: "fails"}, Options(only=(OWNER,)))).splitlines()
    assert "Organization, for approval: does not hold" in shown
    assert any(line.startswith("  ✗ owner active") for line in shown)
    assert not any("Infrastructure" in line for line in shown)


def test_layers_that_were_not_asked_for_do_not_wait(ask: Ask) -> None:
    shown = text.render(ask({"security.secrets-absent": "fails"}, Options(only=("security.secrets-absent",)))).splitlines()
    assert not any("wait on" in line or "Infrastructure" in line for line in shown)


def test_a_condition_is_shown_beside_the_verdict_and_changes_nothing_of_it(ask: Ask) -> None:
    judged = ask({OWNER: "fails"})
    shown = text.render(judged).splitlines()
    assert shown.index("Organization, for approval: does not hold") < next(n for n, line in enumerate(shown) if "Layer held" in line)
    assert judged.verdict.next is None or not judged.verdict.next.check.startswith("organization")


def test_a_long_title_does_not_run_into_what_is_said_of_it(ask: Ask) -> None:
    waiting = {"infrastructure.recreates-elsewhere": "fails", "observability.decisions-carry-context": "fails: no decision"}
    shown = text.render(ask(waiting)).splitlines()
    assert any(line.strip().startswith("decisions carry context ") and line.endswith(" no decision") for line in shown)
