"""Each condition on approval: holds, fails by one planted fault, does not apply; and every way to a wrong word about people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from readiness.layers import catalog
from readiness.sequence.check import CheckSpec
from readiness.sequence.finding import Basis, Outcome
from readiness.testing.projects import git
from tests.layers.desk import OUTCOME, changed
from tests.layers.organization.conftest import ADA, AUTHORITY, GRACE, MARY, Case, Judged, Work, build, judge

OWNER, STOP, DUTIES = "organization.owner-active", "organization.can-be-stopped", "organization.duties-separated"
PARTS = ("Proves:", "Needed above:", "Executed:", "Cannot see:", "Repair:", "Source:")
HOLDS = Case(authority=AUTHORITY, work=(Work(ADA, 40), Work("Bo Ny <bo@example.org>", 30), Work("Bo Ny <bo@example.org>", 20, MARY)))
RESEARCH = '[project]\nmode = "research"\nuntil = 2027-12-31\nreason = "feasible?"\nowner = "Ada"\n'
FAULTS = {
    OWNER: (replace(HOLDS, work=(Work(ADA, 91), *HOLDS.work[1:])), "last wrote or reviewed here on 2026-08-03, 91 days ago"),
    STOP: (replace(HOLDS, work=(*HOLDS.work[:2], Work("Bo Ny <bo@example.org>", 20))), "never wrote or reviewed anything here"),
    DUTIES: (
        Case(changed((f"authority: {GRACE}", f"authority: {ADA}")), AUTHORITY.replace(MARY, ADA), work=(Work(ADA, 10),)),
        "Ada Lovelace owns the outcome, builds the system and is the one who may stop it",
    ),
}


@pytest.mark.parametrize("spec", catalog.ORGANIZATION, ids=lambda spec: spec.id)
def test_every_condition_is_named_after_its_file_and_documented(spec: CheckSpec) -> None:
    implementation = catalog.load(spec)
    assert spec.id == f"organization.{spec.module.rpartition('.')[2].replace('_', '-')}"
    assert (spec.layer, spec.history) == (None, True)
    assert [part for part in PARTS if part not in implementation.doc] == []
    assert implementation.doc.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", FAULTS)
def test_it_holds_where_people_are_there(judged: Judged, name: str) -> None:
    finding = judged(name, HOLDS)
    assert (finding.outcome, finding.reason, finding.basis) == (Outcome.HOLDS, "", Basis.EXECUTED)
    assert "Ada Lovelace" in finding.observed or "Mary Seacole" in finding.observed


@pytest.mark.parametrize("name", FAULTS)
def test_it_fails_by_the_one_fault(judged: Judged, name: str) -> None:
    case, said = FAULTS[name]
    finding = judged(name, case)
    assert finding.outcome is Outcome.FAILS
    assert said in f"{finding.reason} {' '.join(problem.text for problem in finding.problems)}"
    assert finding.remedy.text


@pytest.mark.parametrize("name", FAULTS)
def test_a_research_project_that_names_nobody_is_left_alone(judged: Judged, name: str) -> None:
    finding = judged(name, Case(outcome="", toml=RESEARCH, work=(Work(ADA, 1),)))
    assert (finding.outcome, bool(finding.reason)) == (Outcome.NOT_APPLICABLE, True)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize(
    "more",
    [
        {"authority.yaml": AUTHORITY.replace(f"kill: {MARY}", "kill: TODO")},
        {"authority.yaml": AUTHORITY.replace(f"kill: {MARY}", "kill: your-team")},
        {"authority.yaml": ""},
        {"authority.yaml": "data: [\n"},
        {"CODEOWNERS": "* @your-team\n"},
        {"catalog-info.yaml": "kind: Component\nmetadata: {name: desk}\nspec: {owner: <owner>}\n"},
    ],
    ids=["todo", "your-team", "empty", "broken", "codeowners", "catalogue"],
)
def test_no_placeholder_and_no_broken_file_passes(judged: Judged, name: str, more: dict[str, str]) -> None:
    finding = judged(name, replace(HOLDS, authority="", more=more))
    assert finding.outcome is Outcome.FAILS, finding
    assert finding.location is not None


def owner(text: str) -> str:
    return changed((f"owner: {ADA}", f"owner: {text}"))


@pytest.mark.parametrize(
    ("outcome", "work", "expected"),
    [
        (owner("ada@example.org"), (Work(ADA, 5),), Outcome.HOLDS),
        (owner("Ada Lovelace"), (Work(ADA, 5),), Outcome.HOLDS),
        (owner("ada lovelace"), (Work(ADA, 5),), Outcome.HOLDS),
        (owner("'@ada'"), (Work("A <12345+ada@users.noreply.github.com>", 5),), Outcome.HOLDS),
        (owner("'@ada'"), (Work(ADA, 5),), Outcome.HOLDS),
        (owner("'@countess'"), (Work(ADA, 5),), Outcome.UNKNOWN),
        (owner("'@sam'"), (Work("S One <sam@a.org>", 5), Work("S Two <sam@b.org>", 5)), Outcome.UNKNOWN),
        (owner("'@org/desk'"), (Work(ADA, 5),), Outcome.UNKNOWN),
        (owner("Eve Nowhere <eve@example.org>"), (Work(ADA, 5),), Outcome.FAILS),
        (owner("Eve Nowhere"), (Work(ADA, 5),), Outcome.FAILS),
        (OUTCOME, (Work(GRACE, 5, ADA),), Outcome.HOLDS),
        (OUTCOME, (Work("Ada Lovelace <ada@home.example>", 5),), Outcome.HOLDS),
        (OUTCOME, (Work(ADA, 89.9),), Outcome.HOLDS),
        (OUTCOME, (Work(ADA, 90.1),), Outcome.FAILS),
        (OUTCOME, (Work(ADA, -30),), Outcome.FAILS),
        (OUTCOME, (Work(ADA, 200), Work(GRACE, 1)), Outcome.FAILS),
    ],
    ids=["address", "name", "name in another case", "noreply", "before the @", "unmatched handle", "two of a handle", "team", "stranger",
         "stranger by name", "reviewer", "another address", "just active", "just not", "dated ahead", "others are active"],
)  # fmt: skip
def test_an_owner_is_found_or_not(judged: Judged, outcome: str, work: tuple[Work, ...], expected: Outcome) -> None:
    finding = judged(OWNER, Case(outcome, work=work, more={".mailmap": ""}))
    assert finding.outcome is expected, finding


def test_a_mailmap_joins_addresses(judged: Judged) -> None:
    case = Case(work=(Work("A. L. <al@old.example>", 5),), more={".mailmap": "Ada Lovelace <ada@example.org> <al@old.example>\n"})
    assert judged(OWNER, case).outcome is Outcome.HOLDS


def test_a_handle_is_resolved_by_the_authority_file(judged: Judged) -> None:
    authority = AUTHORITY.replace(f"data: {MARY}", 'data: {name: Ada Lovelace, email: ada@example.org, handle: "@countess"}')
    assert judged(OWNER, Case(owner("'@countess'"), authority, work=(Work(ADA, 5),))).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("authority", "more", "expected"),
    [
        (AUTHORITY + f"owner: {ADA}\n", {}, Outcome.HOLDS),
        (AUTHORITY + f"owner: {GRACE}\n", {}, Outcome.FAILS),
        ("", {"CODEOWNERS": "* ada@example.org\n"}, Outcome.HOLDS),
        ("", {"CODEOWNERS": "* @org/team\n"}, Outcome.UNKNOWN),
        ("", {"catalog-info.yaml": "kind: Component\nmetadata: {name: d}\nspec: {owner: desk-team}\n"}, Outcome.UNKNOWN),
        ("", {"catalog-info.yaml": "kind: Component\nmetadata: {name: d}\nspec: {owner: 'user:ada'}\n"}, Outcome.HOLDS),
        ("", {}, Outcome.FAILS),
    ],
)
def test_without_outcomes_others_name_the_owner(judged: Judged, authority: str, more: dict[str, str], expected: Outcome) -> None:
    finding = judged(OWNER, Case("", authority, more, (Work(ADA, 5),)))
    assert finding.outcome is expected, finding


def test_each_outcome_needs_its_own_active_owner(judged: Judged) -> None:
    second = changed(("id: resolution-time", "id: cost"), (f"owner: {ADA}", f"owner: {GRACE}"))
    finding = judged(OWNER, Case(more={"outcomes/cost.yaml": second}, work=(Work(ADA, 5),)))
    assert (finding.outcome, [p.location.file for p in finding.problems if p.location]) == (Outcome.FAILS, ["outcomes/cost.yaml"])


def test_one_who_may_stop_it_is_enough_and_a_team_is_not(judged: Judged) -> None:
    several = AUTHORITY.replace(f"kill: {MARY}", f"kill:\n  - {MARY}\n  - {ADA}")
    assert judged(STOP, Case("", several, work=(Work(ADA, 5),))).outcome is Outcome.HOLDS


def test_a_team_that_may_stop_it_is_unknown(judged: Judged) -> None:
    case = Case(changed((f"authority: {GRACE}", "authority: '@org/managers'")), work=(Work(ADA, 5),))
    finding = judged(STOP, case)
    assert (finding.outcome, "no one person answers for a team" in finding.reason) == (Outcome.UNKNOWN, True)


def test_nobody_who_may_stop_it_fails(judged: Judged) -> None:
    assert judged(STOP, Case("", work=(Work(ADA, 5),))).reason == "nobody is named who may stop it"


BO = "Bo Ny <bo@example.org>"
BOT = "dependabot[bot] <d@bots.example>"


@pytest.mark.parametrize(
    ("stakes", "kill", "work", "expected"),
    [
        ("money", ADA, (Work(BO, 5), Work(BO, 4), Work(ADA, 3)), Outcome.HOLDS),
        ("regulation", ADA, (Work(BO, 5), Work(BO, 4), Work(ADA, 3)), Outcome.FAILS),
        ("regulation", MARY, (Work(BO, 5), Work(BO, 4), Work(ADA, 3)), Outcome.HOLDS),
        ("safety", BO, (Work(BO, 5), Work(BO, 4), Work(ADA, 3)), Outcome.FAILS),
        ("money", ADA, (Work(ADA, 5), Work(ADA, 4), Work(BO, 3)), Outcome.FAILS),
        ("money", ADA, (Work("Ada Lovelace <ada@home.example>", 5), Work("Ada Lovelace <ada@home.example>", 3)), Outcome.FAILS),
        ("money", ADA, (Work(ADA, 400), Work(ADA, 399), Work(ADA, 398), Work(BO, 5)), Outcome.HOLDS),
        ("money", ADA, (Work(ADA, 5), Work(BOT, 4), Work(BOT, 3)), Outcome.FAILS),
        ("money", ADA, (Work(BO, 9, path="docs/a.md"), Work(BO, 8, path="docs/a.md"), Work(ADA, 5)), Outcome.FAILS),
    ],
)  # fmt: skip
def test_duties_are_told_apart(judged: Judged, stakes: str, kill: str, work: tuple[Work, ...], expected: Outcome) -> None:
    case = Case(
        changed((f"authority: {GRACE}", f"authority: {kill}"), ("severity: annoyance", f"severity: {stakes}")),
        AUTHORITY.replace(f"kill: {MARY}", f"kill: {kill}"), work=work, toml=f'[project]\nstakes = "{stakes}"\ncomponents = ["app.py"]\n',
        start=500,
    )  # fmt: skip
    finding = judged(DUTIES, case)
    assert finding.outcome is expected, finding


def test_duties_without_a_kill_authority_are_unknown(judged: Judged) -> None:
    assert judged(DUTIES, Case("", work=(Work(ADA, 5),))).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("name", FAULTS)
def test_a_history_cut_off_or_missing_is_unknown(tmp_path: Path, name: str) -> None:
    root = build(tmp_path / "desk", replace(HOLDS, work=(*HOLDS.work, Work("Cy <cy@example.org>", 1))))
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{root}", str(tmp_path / "shallow"))
    assert judge(name, tmp_path / "shallow").outcome is Outcome.UNKNOWN
    (root / ".git").rename(tmp_path / "gone")
    assert judge(name, root).outcome is Outcome.UNKNOWN
