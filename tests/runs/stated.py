"""A catalogue for tests: a check per layer and one of the organization, whose findings a file of the project states."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from readiness.layers import catalog
from readiness.sequence.check import CheckSpec, Cost
from readiness.sequence.layers import Layer

IDS = {
    "infrastructure.recreates-elsewhere": Layer.INFRASTRUCTURE,
    "security.secrets-absent": Layer.SECURITY,
    "data.contracts-exist": Layer.DATA,
    "data.contracts-hold": Layer.DATA,
    "data.contracts-bite": Layer.DATA,
    "observability.decisions-carry-context": Layer.OBSERVABILITY,
    "measurement.outcome-defined": Layer.MEASUREMENT,
    "measurement.baseline-precedes-build": Layer.MEASUREMENT,
    "organization.owner-active": None,
    "organization.can-be-stopped": None,
}
_CHECK = """
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Remedy

ID = "{id}"


def observe(context):
    return context.project.text("findings/{id}").strip() or "holds"


def judge(observed, policy):
    outcome, _, reason = observed.partition(": ")
    basis = Basis.DECLARED if outcome == "declared" else Basis.EXECUTED
    found = Outcome.HOLDS if outcome == "declared" else Outcome(outcome)
    if found is Outcome.HOLDS:
        return Finding(ID, found, basis, "app", observed=reason or "as it should be", notes=("decision 7f3a: bot-2, 2 sources, 0.91",))
    why, remedy = reason or "something is wrong", Remedy("repair it", "make repair")
    return Finding(ID, found, basis, "app", "nothing wrong", reason, why, Cause.PROJECT, remedy=remedy)
"""


def catalogue(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts these checks in place of ours."""
    package = folder / "stated_checks"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    specs = []
    for name, layer in IDS.items():
        module = name.replace(".", "_").replace("-", "_")
        (package / f"{module}.py").write_text(_CHECK.format(id=name))
        title = name.partition(".")[2].replace("-", " ")
        specs.append(CheckSpec(name, layer, title, Cost.STATIC, f"stated_checks.{module}"))
    monkeypatch.syspath_prepend(folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "stated_checks"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(catalog, "OURS", tuple(spec for spec in specs if spec.layer is not None))
    monkeypatch.setattr(catalog, "ORGANIZATION", tuple(spec for spec in specs if spec.layer is None))
    monkeypatch.setattr(catalog, "_plugins", tuple)


OUTCOME = """\
kind: Outcome
id: tickets
change: Support tickets are resolved 40 % faster
beneficiary: Customers with a question about an invoice
owner: Grace Hopper <grace@example.org>
metric:
  source: data/tickets.csv
  table: tickets
  sql: select ticket as unit_id, opened as occurred_at, hours as value from tickets
aggregate: median
direction: decrease
measured_in: hours
unit: ticket
maturity: 0d
design: before-after
baseline: {from: 2026-01-01, to: 2026-03-31}
target: -40%
horizon: 26w
review: 4w
errors:
  - {type: a wrong answer is sent, severity: money, cost: 35, max_rate: 0.02, confidence: 0.95}
kill: {criterion: more than 2 in 100 answers are wrong, authority: Dorothy Vaughan <dorothy@example.org>}
"""
TICKETS = "ticket,opened,hours\na,2026-01-05,10\nb,2026-02-05,20\nc,2026-03-31,60\nd,2026-04-01,5\n"
"""Three tickets before, of 20 hours in the middle, and one after."""
AUTHORITY = """\
data: Ada <ada@example.org>
security: Ben <ben@example.org>
cost: Grace <grace@example.org>
kill: Dorothy Vaughan <dorothy@example.org>
"""
FILES = {
    "readiness.toml": '[project]\nid = "bot"\nstakes = "money"\n',
    "main.py": "print('hello')\n",
    "outcomes/tickets.yaml": OUTCOME,
    "data/tickets.csv": TICKETS,
    "authority.yaml": AUTHORITY,
}


def files(findings: Mapping[str, str] | None = None) -> dict[str, str]:
    """A project whose findings are as said, and hold where nothing is said."""
    return FILES | {f"findings/{name}": f"{said}\n" for name, said in (findings or {}).items()}
