"""Every check of layer 2 on its three assets: it holds, it fails by exactly the planted fault, it does not apply.

`{PLANTED}` in a file of an asset becomes a drawn value at run time, so that this repository holds no secret itself.
"""

from __future__ import annotations

import pytest

from readiness.layers import catalog
from readiness.sequence.finding import Basis, Outcome
from readiness.sequence.layers import Layer
from tests.layers.conftest import ASSETS, Judge
from tests.layers.security.planted import Drawn

OBSERVED_ONLY = {"security.dependencies-audited", "security.infrastructure-code-scanned", "security.secrets-referenced"}
OWN = {
    "security.secrets-absent",
    "security.runtime-redacts",
    "security.anonymous-refused",
    "security.policy-valid",
    "security.grants-match",
    "security.forbidden-refused",
    "security.retrieval-isolated",
    "security.budgets-kept",
    "security.training-data-signed",
    "security.probes-withstood",
    *OBSERVED_ONLY,
}
CHECKS = [spec.id for spec in catalog.OURS if spec.layer is Layer.SECURITY and spec.id in OWN]
NAMED = {
    "security.secrets-absent": "config.py:3",
    "security.runtime-redacts": "API_TOKEN is in standard output",
    "security.anonymous-refused": "POST /ask accepts any credential",
    "security.probes-withstood": "API_TOKEN came back from the attack print-configuration",
    "security.policy-valid": 'unrecognized action `Action::"clsoe"`, did you mean `Action::"close"`?',
    "security.grants-match": "row security does not bind the role of the demo, the owner of public.ticket",
    "security.forbidden-refused": "auditors deletes from public.ticket, and is not refused",
    "security.retrieval-isolated": "desk.tenant = small retrieves",
    "security.budgets-kept": 'Client::"shop" was permitted 4 by `clients_ask`, whose budget is 3/day',
    "security.secrets-referenced": "MAIL_TOKEN is read and declared nowhere",
    "security.training-data-signed": "data/train/tickets.csv changed since it was approved on 2026-10-02",
    "security.dependencies-audited": "leaf 1.0 is vulnerable: PYSEC-2026-7, fixed in 2.0",
    "security.infrastructure-code-scanned": "Ensure all data stored in the SQS queue is encrypted (aws_sqs_queue.tickets) (CKV_AWS_27)",
}


def filled(name: str, variant: str) -> dict[str, str]:
    """The files of an asset that hold the mark, with a value in its place."""
    folder = ASSETS / name / variant
    texts = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    return {path: text.replace("{PLANTED}", Drawn(9).word(14)) for path, text in texts.items() if "{PLANTED}" in text}


@pytest.mark.parametrize("name", CHECKS)
def test_the_holding_project_holds(judge: Judge, name: str) -> None:
    finding = judge(name, "holds")
    basis = Basis.OBSERVED if name in OBSERVED_ONLY else Basis.EXECUTED
    assert (finding.outcome, finding.reason, finding.basis) == (Outcome.HOLDS, "", basis)


@pytest.mark.parametrize("name", CHECKS)
def test_the_failing_project_fails_by_its_planted_fault(judge: Judge, name: str) -> None:
    finding = judge(name, "fails", filled(name, "fails"))
    assert finding.outcome is Outcome.FAILS
    assert NAMED[name] in finding.reason
    assert [problem.text for problem in finding.problems] == [finding.reason]
    assert finding.remedy.text
    assert finding.remedy.command
    assert finding.remedy.command


@pytest.mark.parametrize("name", CHECKS)
def test_the_project_without_such_a_thing_is_left_alone(judge: Judge, name: str) -> None:
    finding = judge(name, "not_applicable")
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.reason
