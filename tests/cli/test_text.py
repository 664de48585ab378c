"""A verdict as text: titles in one column, and the organization in a block of its own that blocks no layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.cli import text
from readiness.layers import catalog
from readiness.runs import check
from readiness.runs.check import Judged, Options
from readiness.sequence.layers import Layer
from readiness.testing.projects import make_repository
from tests.runs.stated import catalogue, files

Judge = Callable[..., Judged]
OWNER = "organization.owner-active"


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Judges a project whose findings are as said."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    catalogue(tmp_path / "catalogue", monkeypatch)

    def judged(findings: Mapping[str, str], options: Options | None = None, manifest: str = "") -> Judged:
        written = files(findings) | ({"readiness.toml": manifest} if manifest else {})
        return check.check(make_repository(tmp_path / "bot", written), options or Options())

    return judged


def test_titles_share_one_column_however_long_the_longest_is(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tuple(replace(item, title="t" * 40) if item.id == "data.contracts-hold" else item for item in catalog.OURS)
    monkeypatch.setattr(catalog, "OURS", long)
    shown = text.render(judge({name.id: "holds: sound" for name in (*catalog.OURS, *catalog.ORGANIZATION)})).splitlines()
    assert {line.index("sound") for line in shown if "sound" in line} == {4 + 40 + 1}
    assert len([line for line in shown if "sound" in line]) == len((*catalog.OURS, *catalog.ORGANIZATION))


def test_our_titles_fit_their_column() -> None:
    assert [item.title for item in (*catalog.OURS, *catalog.ORGANIZATION) if len(item.title) > 23] == []


def test_the_organization_is_told_after_the_layers_and_only_what_it_lacks_in_detail(judge: Judge) -> None:
    shown = text.render(judge({OWNER: "fails: Karl left"})).splitlines()
    begin = shown.index("Organization, for approval: does not hold")
    assert shown[begin - 2].startswith("  ✓ baseline precedes build")
    assert shown[begin + 1 :] == [
        "  ✗ owner active            Karl left",
        "      fix   repair it",
        "            $ make repair",
        "  ✓ can be stopped          as it should be",
        "Layer held: 5 (measurement). Nothing blocks.",
    ]


def test_the_organization_is_dimmed_where_there_is_colour_and_its_commands_lead_to_the_project(judge: Judge) -> None:
    judged = judge({OWNER: "unknown"})
    shown = text.render(judged, colour=True, asked=judged.project.root.parent).splitlines()
    block = [line for line in shown if line.startswith("\x1b[2m")]
    assert block[0] == "\x1b[2mOrganization, for approval: could not be told\x1b[0m"
    assert block[-2:] == ["\x1b[2m            $ cd bot && make repair\x1b[0m", "\x1b[2m  ✓ can be stopped          as it should be\x1b[0m"]


def test_a_mode_that_asks_nothing_is_not_said_to_be_unblocked(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "OURS", tuple(replace(item, modes=frozenset()) for item in catalog.OURS))
    ends = 'mode = "prototype"\nuntil = 2099-01-01\nreason = "try"\nowner = "Ada"\n'
    judged = judge({}, manifest=f'[project]\nid = "bot"\n{ends}')
    assert judged.verdict.exit_code == 3
    assert text.render(judged).splitlines()[-1] == (
        "Layer held: 0. Nothing is proven: mode prototype asks for no check that is here, and what nobody judged does not hold."
    )


def test_a_question_about_some_layers_is_none_about_the_organization(judge: Judge) -> None:
    assert "Organization" not in text.render(judge({OWNER: "fails"}, Options(upto=Layer.DATA)))
