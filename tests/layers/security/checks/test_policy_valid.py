"""Every kind of fault of a policy is found at its line, and what is sound is blamed for nothing."""

from __future__ import annotations

import json

import pytest

from readiness.formats.cedar import Fault
from readiness.layers.security.checks import policy_valid
from readiness.layers.security.checks.policy_valid import Observed
from readiness.sequence.finding import Basis, Cause, Outcome
from readiness.sequence.stakes import Policy
from tests.layers.conftest import ASSETS, Judge

ID = "security.policy-valid"
HOLDS = {path.name: path.read_text() for path in (ASSETS / ID / "holds/policies").iterdir()}
SCHEMA, POLICIES = HOLDS["desk.cedarschema"], HOLDS["desk.cedar"]


def desk(policies: str | None = POLICIES, schema: str | None = SCHEMA, **more: str) -> dict[str, str]:
    """The files of the holding asset with these contents in their places."""
    found = {
        "policies/desk.cedar": policies,
        "policies/desk.cedarschema": schema,
        **{f"policies/{name}": text for name, text in more.items()},
    }
    return {path: text for path, text in found.items() if text is not None}


def one(name: str, rest: str) -> str:
    return f'{POLICIES}\n@id("{name}")\n{rest}\n'


OWNER = {"__entity": {"type": "Agent", "id": "ada"}}
LINE = POLICIES.count("\n") + 2
FAULTS = {
    "syntax": (desk(POLICIES + "\npermit (principal, action, resource"), "ends too early", LINE),
    "keyword": (desk(one("p", "permitt (principal, action, resource);")), "did you mean `permit`?", LINE + 1),
    "no id": (desk(POLICIES + '\nforbid (principal, action == Action::"read", resource) when { resource.private };'), "has no id", LINE),
    "same id": (
        desk(one("owners_close", "forbid (principal, action, resource) when { resource.private };")),
        "policies/desk.cedar:4",
        LINE,
    ),
    "entity type": (desk(one("p", 'permit (principal in Tem::"a", action, resource);')), "did you mean `Team`?", LINE + 1),
    "attribute": (desk(one("p", "forbid (principal, action, resource) when { resource.privat };")), "did you mean `private`?", LINE + 1),
    "type": (
        desk(one("p", 'forbid (principal, action, resource) when { principal.level > "2" };')),
        "expected Long but saw String",
        LINE + 1,
    ),
    "placeholder": (desk(one("p", 'permit (principal in Team::"your-team", action, resource);')), "still the placeholder", LINE + 1),
    "never matches": (desk(one("p", "permit (principal, action, resource) when { resource is Agent };")), "can never match", LINE),
    "overruled": (
        desk(POLICIES + '\n@id("closed") forbid (principal, action == Action::"close", resource);'),
        "forbids all of it",
        4,
    ),
    "errs": (
        desk(one("p", "forbid (principal, action, resource) when { principal.level + 9223372036854775807 > 0 };")),
        "errs at run time",
        LINE,
    ),
    "empty": (desk("// later\n"), "holds no policy", 1),
    "no schema": (desk(schema=None), "no schema says", 1),
    "no policy": (desk(None), "no policy decides on its 2 actions", 1),
    "schema": (desk(schema=SCHEMA.replace("Bool", "Boolean")), "failed to resolve type: Boolean", 3),
    "empty schema": (desk(schema="\n"), "declares nothing", 1),
    "entities": (desk(**{"entities.json": json.dumps([{"uid": {"type": "Agnt", "id": "ada"}}])}), "did you mean `Agent`?", 1),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_named_at_its_line(judge: Judge, kind: str) -> None:
    files, said, line = FAULTS[kind]
    finding = judge(ID, files=files)
    assert (finding.outcome, finding.basis, finding.cause) == (Outcome.FAILS, Basis.EXECUTED, Cause.PROJECT)
    (problem,) = finding.problems
    assert said in problem.text
    assert problem.location is not None
    assert problem.location.line == line
    assert finding.remedy.command == "readiness access lint"


def test_every_fault_is_named_not_only_the_first(judge: Judge) -> None:
    finding = judge(ID, files=desk(one("p", "permitt (principal, action, resource);") + one("q", "permit (principal, acton, resource);")))
    said = [problem.text for problem in finding.problems]
    assert [any(name in text for text in said) for name in ("permitt", "acton", "the id is taken")] == [True] * 3


def test_two_files_are_one_set(judge: Judge) -> None:
    finding = judge(ID, files=desk(**{"more.cedar": '@id("more")\nforbid (principal, action, resource) when { principal.level < 1 };'}))
    assert (finding.outcome, finding.reason) == (Outcome.HOLDS, "")
    assert finding.observed.startswith("4 policies hold against the schema")


def test_a_project_with_entities_is_asked_with_them(judge: Judge) -> None:
    entities = [
        {"uid": {"type": "Agent", "id": "ada"}, "attrs": {"level": 1}, "parents": [{"type": "Team", "id": "desk"}]},
        {"uid": {"type": "Team", "id": "desk"}, "attrs": {}, "parents": []},
        {"uid": {"type": "Ticket", "id": "T-1"}, "attrs": {"owner": OWNER, "private": False}, "parents": []},
    ]  # fmt: skip
    finding = judge(ID, files=desk(**{"entities.json": json.dumps(entities)}))
    assert finding.outcome is Outcome.HOLDS
    assert "2 requests asked, 2 allowed" in finding.observed
    assert finding.notes == ("`nobody_sees_what_is_private` at policies/desk.cedar:8 met none of the 2 requests",)


def test_what_no_request_met_is_named_and_not_blamed(judge: Judge) -> None:
    rest = 'permit (principal, action == Action::"read", resource) when { principal.level > 5 && principal.level < 3 };'
    finding = judge(ID, files=desk(one("narrow", rest)))
    assert finding.outcome is Outcome.HOLDS
    assert any("`narrow`" in note and "met none of" in note for note in finding.notes)


def test_a_template_is_named_and_not_blamed(judge: Judge) -> None:
    finding = judge(ID, files=desk(one("shared", 'permit (principal == ?principal, action == Action::"read", resource);')))
    assert finding.outcome is Outcome.HOLDS
    assert any("`shared`" in note and "template" in note for note in finding.notes)


def test_policies_in_another_folder_are_not_taken_for_none(judge: Judge) -> None:
    moved = {path.replace("policies/", "authz/"): text for path, text in desk().items()}
    finding = judge(ID, files=moved)
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.CONFIGURATION)
    assert "authz/desk.cedar" in finding.reason
    assert 'policies = ["authz/*.cedar*"]' in finding.remedy.text


def test_policies_are_read_where_the_manifest_says(judge: Judge) -> None:
    moved = {path.replace("policies/", "authz/"): text for path, text in desk().items()}
    finding = judge(ID, files={**moved, "readiness.toml": '[security]\npolicies = ["authz/*.cedar*"]\n'})
    assert finding.outcome is Outcome.HOLDS


@pytest.mark.parametrize("folder", ["tests/policies", "examples/policies", "docs"])
def test_cedar_in_tests_and_examples_is_none_of_the_project(judge: Judge, folder: str) -> None:
    moved = {path.replace("policies/", f"{folder}/"): text for path, text in desk().items()}
    assert judge(ID, files={**moved, "app.py": "VALUE = 3\n"}).outcome is Outcome.NOT_APPLICABLE


def test_a_manifest_that_names_none_is_believed(judge: Judge) -> None:
    finding = judge(ID, files={**desk(), "readiness.toml": "[security]\npolicies = []\n"})
    assert (finding.outcome, finding.reason) == (Outcome.NOT_APPLICABLE, "the manifest names no policies")


def test_what_is_too_deep_for_the_engine_is_unknown(judge: Judge) -> None:
    deep = "(" * 2000 + "true" + ")" * 2000
    finding = judge(ID, files=desk(one("deep", f"forbid (principal, action, resource) when {{ {deep} }};")))
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.TOOL)


def test_a_fault_beats_a_limit() -> None:
    observed = Observed(("p.cedar",), 1, (Fault("p.cedar", 1, "too long", limit=True), Fault("p.cedar", 2, "is wrong", "p")))
    finding = policy_valid.judge(observed, Policy())
    assert (finding.outcome, [problem.text for problem in finding.problems]) == (Outcome.FAILS, ["policy `p`: is wrong"])


def test_policies_that_could_be_asked_nothing_do_not_hold() -> None:
    assert policy_valid.judge(Observed(("p.cedar",), 1), Policy()).outcome is Outcome.UNKNOWN


def test_a_moved_line_is_no_new_fault(judge: Judge) -> None:
    wrong = POLICIES.replace('"close"', '"clsoe"')
    first, second = (judge(ID, files=desk(text)).problems[0] for text in (wrong, "\n\n" + wrong))
    assert first.subject == second.subject
    assert first.location != second.location
