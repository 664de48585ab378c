"""The two gates end to end, over real projects and a small catalogue; and the pages they leave, signed and verified."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from readiness.errors import InputError, UsageError
from readiness.formats.approval_page import State, states
from readiness.formats.authority import Authority
from readiness.layers import catalog
from readiness.runs import approval_lines as lines
from readiness.runs import approvals, approve
from readiness.runs.approval_lines import DEFINED
from readiness.runs.approve import Approved, build_conditions
from readiness.runs.outcome_facts import MistakeFacts, OutcomeFacts
from readiness.sequence.approval import BUILD_ASKS, Decision, to_build
from readiness.sequence.finding import Basis, Finding, Outcome, Problem
from readiness.sequence.verdict import CheckResult
from readiness.testing.projects import commit, make_repository
from readiness.world import project as projects
from tests.people import ADA, GRACE, Person, person
from tests.runs.stated import catalogue, files

TODAY = datetime.now(UTC).date()
Make = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    catalogue(tmp_path / "catalogue", monkeypatch)

    def made(findings: Mapping[str, str]) -> Path:
        return make_repository(tmp_path / "bot", files(findings))

    return made


def run(root: Path) -> Approved:
    return approve.approve(root, to_build=False)


def page(found: Approved) -> str:
    return found.written.html.read_text()


ANSWERS: dict[str, tuple[dict[str, str], Decision, str]] = {
    "all holds": ({}, Decision.APPROVE, "Yes: it may go to production"),
    "not proven above": ({"observability.decisions-carry-context": "unknown"}, Decision.PILOT, "A trial only, until "),
    "fails above": ({"data.contracts-hold": "fails"}, Decision.NOT_READY, "Not ready"),
    "not proven below": ({"security.secrets-absent": "unknown"}, Decision.NOT_READY, "Not ready"),
    "declared below": ({"security.secrets-absent": "declared"}, Decision.NOT_READY, "Not ready"),
    "no owner": ({"organization.owner-active": "fails"}, Decision.FIX_ORGANIZATION, "Fix the organisation first"),
    "owner not known": ({"organization.owner-active": "unknown"}, Decision.NOT_READY, "Not ready"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_is_the_headline_of_the_page(make: Make, name: str) -> None:
    findings, decision, headline = ANSWERS[name]
    found = run(make(findings))
    assert found.approval.decision is decision
    assert headline in page(found)
    assert f'Chosen option: "{decision}"' in found.written.markdown.read_text()
    assert found.written.told["decision"] == decision
    steps = [step["check"] for step in found.written.told["steps"]]
    assert set(steps) - {""} == {name for name in findings if findings[name] != "declared"}


def test_the_page_says_what_improves_what_a_mistake_costs_and_who_decides(make: Make) -> None:
    text = page(run(make({})))
    for said in ("Support tickets are resolved 40 % faster", "Customers with a question about an invoice",
                 "hours per ticket: the middle value, half are below it",
                 "20 hours, over 3 tickets from 1 January 2026 to 31 March 2026. Measured, before building began.",
                 "12 hours or less, which is 40 % less than before", "35 EUR each", "2 in 100",
                 "not measured; about 149 checked cases without a mistake would show it (95 % sure)",
                 "Not shown: 1 ticket since 31 March 2026 could be compared with that, and nobody has done so.",
                 "“more than 2 in 100 answers are wrong”. Nobody has checked yet whether that is so; Dorothy Vaughan decides.",
                 "On data: Ada; on security: Ben; on cost: Grace.", "At stake: a mistake costs money.",
                 "Every test here is the team&#x27;s own word: nobody else has repeated it.",
                 "Everything that was tested held. Not tested: whether it improves anything, and how often it is wrong."):  # fmt: skip
        assert said in text
    assert "@example.org" not in text


def test_a_baseline_that_nothing_measured_is_only_stated(make: Make) -> None:
    text = page(run(make({"measurement.baseline-precedes-build": "unknown"})))
    assert "31 March 2026. Measured; not shown to be from before building began." in text


def test_an_outcome_file_that_is_not_valid_is_told_as_far_as_it_goes(make: Make) -> None:
    root = make({})
    path = root / "outcomes/tickets.yaml"
    path.write_text(path.read_text().replace("aggregate: median", "aggregate: middle"))
    text = page(run(root))
    assert "This file is not valid: outcomes/tickets.yaml:10: " in text
    assert "Support tickets are resolved 40 % faster" in text
    assert "more than 2 in 100 answers are wrong" in text


def test_what_a_check_finds_wrong_with_an_outcome_is_told_with_it() -> None:
    wrong = (Problem("tickets: unit", "the unit `chat` is no unit"), Problem("other: unit", "so what"), Problem("tickets: change", "no"))
    finding = Finding(DEFINED, Outcome.FAILS, Basis.EXECUTED, problems=wrong)
    found = {DEFINED: CheckResult(catalog.find(DEFINED), True, Outcome.FAILS, finding)}
    (aim,) = lines.aims((replace(WHOLE, id="tickets"),), found, built=True)
    assert aim.problem == "not accepted as it is: the unit “chat” is no unit (and 1 more)"


def test_a_step_falls_to_nobody_who_is_not_here(make: Make) -> None:
    found = run(make({"organization.owner-active": "fails", "infrastructure.recreates-elsewhere": "fails"}))
    assert [(step["who"], step["by"]) for step in found.written.told["steps"]] == [
        ("the organisation", ""),
        ("Grace Hopper (named, and not shown to take part)", ""),
    ]


def test_a_criterion_nobody_can_evaluate_stops_nothing(make: Make) -> None:
    found = run(make({}))
    row = next(row for row in found.written.told["people"] if row["label"] == "When is it ended?")
    assert (found.approval.decision, row["state"]) == (Decision.APPROVE, State.STATED)


def test_the_record_lists_what_was_tested(make: Make) -> None:
    text = run(make({})).written.markdown.read_text()
    assert "- **Is protected** Yes: No password or key lies in its files or in their history. (1 of 1 tests passed)" in text


def test_another_mode_is_named_and_never_approved(make: Make) -> None:
    root = make({})
    ends = TODAY + timedelta(days=30)
    manifest = f'[project]\nid = "bot"\nmode = "prototype"\nuntil = {ends}\nreason = "a try"\nowner = "Ada"\n'
    (root / "readiness.toml").write_text(manifest)
    found = run(root)
    assert found.approval.decision is Decision.NOT_READY
    assert "It calls itself prototype until" in page(found)
    (root / "readiness.toml").write_text(manifest.replace(str(ends), "2026-01-01"))
    assert run(root).approval.decision is Decision.STOP


# The chain of pages


def _page(day: str, gate: str, at: str, previous: str = "") -> dict[str, object]:
    return {"date": day, "gate": gate, "written_at": at, "previous": previous} if at else {"date": day, "gate": gate, "previous": previous}


def test_pages_of_one_day_are_ordered_by_when_they_were_written_and_not_by_their_digest() -> None:
    pages = {
        "2026-11-20-bbbbbbbbbbbb": _page("2026-11-20", "Start building?", "2026-11-20T08:00:00Z"),
        "2026-11-20-ffffffffffff": _page("2026-11-20", "Go to production?", "2026-11-20T09:00:00Z"),
        "2026-11-20-aaaaaaaaaaaa": _page("2026-11-20", "Go to production?", "2026-11-20T17:00:00Z", "2026-11-20-ffffffffffff"),
        "2026-11-19-eeeeeeeeeeee": _page("2026-11-19", "Go to production?", "2026-11-19T17:00:00Z"),
    }
    assert [name[11] for name in approvals.in_order(pages)] == ["e", "b", "f", "a"]
    assert approvals.newest(pages, "Go to production?") == "2026-11-20-aaaaaaaaaaaa"


def test_pages_that_do_not_say_when_are_ordered_by_what_they_follow() -> None:
    pages = {
        "2026-11-20-ffffffffffff": _page("2026-11-20", "Go to production?", ""),
        "2026-11-20-aaaaaaaaaaaa": _page("2026-11-20", "Go to production?", "", "2026-11-20-ffffffffffff"),
        "2026-11-20-000000000000": _page("2026-11-20", "Go to production?", "2026-11-20T01:00:00Z", "2026-11-20-aaaaaaaaaaaa"),
    }
    assert [name[11] for name in approvals.in_order(pages)] == ["f", "a", "0"]


def test_the_same_state_on_the_same_day_is_the_same_page(make: Make) -> None:
    root = make({})
    first, second = run(root), run(root)
    assert (first.written.fresh, second.written.fresh) == (True, False)
    assert first.written.name == second.written.name
    assert len(list((root / "approvals").iterdir())) == 3
    assert projects.load(root).tree == first.project.tree  # a page is no part of what it is about


def test_the_next_page_says_what_changed(make: Make) -> None:
    root = make({"data.contracts-hold": "fails"})
    first = run(root)
    (root / "findings/data.contracts-hold").write_text("holds\n")
    second = run(root)
    assert second.written.told["previous"] == first.written.name
    assert second.written.told["changes"] == [
        "The answer was “not ready” and is “approve” now.",
        "Data is understood No → Yes",
        "Can be watched Not reached → Yes",
        "Can be measured Not reached → Yes",
        "Is it agreed what its data holds? No → Yes",
    ]
    (root / "main.py").write_text("print('hello again')\n")
    third = run(root)
    assert third.written.told["previous"] == second.written.name
    assert third.written.told["changes"] == [f"Nothing that is told here, since {TODAY}."]
    assert approvals.newest(approvals.told(root), approve.TO_RUN) == third.written.name


def test_the_two_gates_have_a_chain_each(make: Make) -> None:
    root = make({})
    run(root)
    built = approve.approve(root, to_build=True)
    assert built.written.told["previous"] == ""


@pytest.mark.parametrize(
    "broken", ["", "[]", "{", '{"schema": "readiness/approval/1"}', '{"schema": "other", "gate": "Go to production?"}']
)
def test_what_is_no_page_is_left_out(make: Make, broken: str) -> None:
    root = make({})
    (root / "approvals").mkdir()
    (root / "approvals/2026-01-01-aaaaaaaaaaaa.json").write_text(broken)
    found = run(root)
    assert found.written.told["previous"] == ""


# Signed and verified


@pytest.fixture
def grace(tmp_path: Path) -> Person:
    return person(tmp_path / "keys", GRACE)


def allow(root: Path, *people: Person, by: str = GRACE) -> None:
    (root / "waivers").mkdir(exist_ok=True)
    (root / "waivers/allowed_signers").write_text("".join(item.line for item in people))
    commit(root, "say whose key is whose", author=by)


def verified(root: Path) -> list[approvals.Verified]:
    return approvals.verify(projects.load(root), TODAY)


def test_a_page_signed_by_somebody_who_decides_counts(make: Make, grace: Person) -> None:
    root = make({})
    allow(root, grace)
    found = approve.approve(root, to_build=False, sign=True, key=grace.key)
    assert found.signer == "grace@example.org"
    (line,) = verified(root)
    assert (line.signer, line.refused, line.stale, line.counts, line.newest) == ("grace@example.org", "", "", True, True)
    (root / "main.py").write_text("print('another')\n")
    assert verified(root)[0].stale == "about another state of the project"


def test_only_somebody_the_authority_file_names_signs(make: Make, grace: Person, tmp_path: Path) -> None:
    root = make({})
    eve = person(tmp_path / "keys", "Eve <eve@example.org>")
    allow(root, grace, eve)
    for who, text in ((eve, "is the key of eve@example.org"), (person(tmp_path / "other", ADA), "is no key in waivers")):
        with pytest.raises(UsageError, match=text):
            approve.approve(root, to_build=False, sign=True, key=who.key)
    assert not list((root / "approvals").glob("*.sig"))
    assert not verified(root)[0].counts


def test_an_authority_file_that_is_not_valid_names_nobody(make: Make, grace: Person) -> None:
    root = make({})
    allow(root, grace)
    path = root / "authority.yaml"
    path.write_text(path.read_text().replace("kill: Dorothy Vaughan <dorothy@example.org>\n", ""))
    with pytest.raises(InputError, match="`kill` is missing"):
        approve.approve(root, to_build=False, sign=True, key=grace.key)
    assert not verified(root)[0].counts
    row = next(row for row in run(root).written.told["people"] if row["label"] == "Who decides?")
    assert (row["state"], row["text"].startswith("The file that names them is not valid: authority.yaml:1: “kill” is missing")) == (
        "No",
        True,
    )


EDITS = ("html", "json", "md")


@pytest.mark.parametrize("kind", EDITS)
def test_a_page_that_was_edited_is_refused(make: Make, grace: Person, kind: str) -> None:
    root = make({"data.contracts-hold": "fails"})
    allow(root, grace)
    found = approve.approve(root, to_build=False, sign=True, key=grace.key)
    path = found.written.html.with_suffix(f".{kind}")
    text = path.read_text()
    assert "ot ready" in text
    path.write_text(text.replace("Not ready", "Yes").replace("not ready", "approve"))
    (line,) = verified(root)
    assert line.refused
    assert not line.counts


def test_a_page_written_by_hand_and_signed_by_nobody_does_not_count(make: Make, grace: Person) -> None:
    root = make({})
    allow(root, grace)
    run(root)
    assert not verified(root)[0].counts


def test_a_key_nobody_committed_does_not_count(make: Make, grace: Person) -> None:
    root = make({})
    allow(root)
    (root / "waivers/allowed_signers").write_text(grace.line)
    approve.approve(root, to_build=False, sign=True, key=grace.key)
    assert "is not committed" in verified(root)[0].refused


def test_a_signed_no_and_a_pilot_that_ended_do_not_count(make: Make, grace: Person) -> None:
    root = make({"data.contracts-hold": "fails"})
    allow(root, grace)
    approve.approve(root, to_build=False, sign=True, key=grace.key)
    assert verified(root)[0].signer
    assert not verified(root)[0].counts
    (root / "findings/data.contracts-hold").write_text("unknown\n")
    pilot = approve.approve(root, to_build=False, sign=True, key=grace.key)
    project = projects.load(root)
    line = next(item for item in approvals.verify(project, TODAY) if item.name == pilot.written.name)
    assert line.counts
    later = next(item for item in approvals.verify(project, TODAY + timedelta(days=91)) if item.name == pilot.written.name)
    assert later.stale.startswith("ended ")


def test_a_signed_pilot_is_not_begun_anew(make: Make, grace: Person) -> None:
    root = make({"data.contracts-hold": "unknown"})
    allow(root, grace)
    approve.approve(root, to_build=False, sign=True, key=grace.key)
    assert approvals.pilot_since(root, approve.TO_RUN) == TODAY
    (signed,) = (root / "approvals").glob("*.sig")
    began = date(2026, 1, 1)
    for path in list((root / "approvals").iterdir()):
        if path.suffix == ".json":
            path.write_text(path.read_text().replace(signed.stem[:10], began.isoformat()))
        path.rename(path.with_name(path.name.replace(signed.stem[:10], began.isoformat())))
    assert approvals.pilot_since(root, approve.TO_RUN) == began
    found = run(root)
    assert found.approval.decision is Decision.NOT_READY
    assert found.approval.obstacles[0].text.startswith("the pilot ended 2026-04-01")


# To build


def test_a_project_without_code_may_be_built(tmp_path: Path, make: Make) -> None:
    root = make({})
    (root / "main.py").unlink()
    commit(root, "no code")
    found = approve.approve(root, to_build=True)
    assert (found.approval.decision, found.approval.exit_code) == (Decision.BUILD, 0)
    assert "Yes: it may be built" in page(found)
    assert "Does it work?" not in page(found)
    assert "Nobody has checked" not in page(found)  # nothing is there that could have met the criterion to end it


def test_whoever_owns_it_cannot_be_told_to_name_an_owner(make: Make) -> None:
    found = approve.approve(make({"organization.owner-active": "fails: Grace left"}), to_build=True)
    assert [(step["text"], step["who"]) for step in found.written.told["steps"]] == [("Grace left.", "the organisation")]


@pytest.mark.parametrize(
    ("old", "new", "lacks"),
    [
        ("beneficiary: Customers with a question about an invoice\n", "", "outcome"),
        ("change: Support tickets are resolved 40 % faster\n", "", "outcome"),
        (", max_rate: 0.02", "", "cost of being wrong"),
        (", cost: 35", "", "cost of being wrong"),
        ("criterion: more than 2 in 100 answers are wrong, ", "", "kill authority"),
    ],
)
def test_what_is_not_written_down_is_not_yet(make: Make, old: str, new: str, lacks: str) -> None:
    root = make({})
    path = root / "outcomes/tickets.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    found = approve.approve(root, to_build=True)
    assert found.approval.decision is Decision.NOT_YET
    assert {item.area for item in found.approval.obstacles} == {"outcome", lacks}  # a file that lacks something is no outcome


@pytest.mark.parametrize(
    ("check", "lacks"),
    [
        ("measurement.outcome-defined", "outcome"),
        ("measurement.baseline-precedes-build", "baseline"),
        ("organization.owner-active", "owner"),
    ],
)
@pytest.mark.parametrize(("said", "code"), [("fails", 1), ("unknown", 3)])
def test_a_check_that_does_not_hold_is_not_yet(make: Make, check: str, lacks: str, said: str, code: int) -> None:
    found = approve.approve(make({check: said}), to_build=True)
    if (lacks, said) == ("baseline", "unknown"):
        assert found.approval.decision is Decision.BUILD  # the figure of the outcome was computed today all the same
    else:
        assert ([item.area for item in found.approval.obstacles], found.approval.exit_code) == ([lacks], code)


def test_a_figure_that_was_only_declared_is_no_baseline(make: Make) -> None:
    root = make({DEFINED: "declared", "measurement.baseline-precedes-build": "unknown"})
    (root / "data/tickets.csv").unlink()
    found = approve.approve(root, to_build=True)
    assert [item.area for item in found.approval.obstacles] == ["baseline"]


def test_without_an_outcome_nothing_is_built(make: Make) -> None:
    root = make({})
    (root / "outcomes/tickets.yaml").unlink()
    found = approve.approve(root, to_build=True)
    assert (found.approval.decision, len(found.approval.obstacles), found.approval.exit_code) == (Decision.NOT_YET, len(BUILD_ASKS), 1)


WHOLE = OutcomeFacts("outcomes/x.yaml", "x", "it is cheaper", "everybody", "Grace", errors=(MistakeFacts("wrong", "money", "2 EUR", 0.1),),
                     kill_criterion="it is wrong", kill_authority="Dorothy")  # fmt: skip


@pytest.mark.parametrize(("measured", "outcome"), [(True, Outcome.HOLDS), (False, Outcome.FAILS), (None, Outcome.UNKNOWN)])
def test_where_no_check_looks_a_figure_that_was_computed_is_a_baseline(measured: bool | None, outcome: Outcome) -> None:
    conditions = build_conditions((replace(WHOLE, measured=measured),), Authority({}), {})
    assert {item.name: item.outcome for item in conditions}["baseline"] is outcome
    assert to_build(conditions).decision is Decision.NOT_YET  # nobody looked at the outcome and its owner


def test_the_states_of_a_page_are_read_back(make: Make) -> None:
    found = run(make({"data.contracts-hold": "fails"}))
    told = json.loads(found.written.html.with_suffix(".json").read_text())
    assert states(told)["Is protected"] == State.YES
    assert states(told)["Data is understood"] == State.NO
    assert states({"questions": [3, {"label": 4}], "people": "x"}) == {}
