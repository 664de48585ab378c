"""What is said to somebody who is no engineer: each check, layer, question and stake as a plain sentence."""

from __future__ import annotations

from typing import Final

from readiness.sequence.finding import Basis
from readiness.sequence.layers import Layer
from readiness.sequence.stakes import Stakes

CHECKS: Final[dict[str, str]] = {
    "infrastructure.installs": "Everything the system needs can be installed from nothing.",
    "infrastructure.starts": "Every part of the system starts.",
    "infrastructure.dependencies-locked": "The exact versions of everything it is built from are fixed.",
    "infrastructure.images-pinned": "The ready-made systems it is built on are fixed to exact versions.",
    "infrastructure.configuration-complete": "Every setting it needs is written down.",
    "infrastructure.recreates-elsewhere": "Built again from nothing in another place, it gives the same results.",
    "infrastructure.tests-bite": "Its tests notice when something in it breaks.",
    "security.secrets-absent": "No password or key lies in its files or in their history.",
    "security.runtime-redacts": "No secret shows up in what it writes while it runs.",
    "security.anonymous-refused": "It turns away people it does not know.",
    "data.contracts-exist": "Every set of data it reads has a written agreement on what it holds and who answers for it.",
    "data.contracts-hold": "The data keeps those agreements.",
    "data.contracts-bite": "Bad data is noticed: faults that were planted in a copy were caught.",
    "observability.traces-complete": "Everything it asks of an AI model is recorded.",
    "observability.decisions-carry-context": "Each decision can be followed back to its model, its sources and how sure it was.",
    "measurement.outcome-defined": "What is to improve is written down as a figure of the business.",
    "measurement.baseline-precedes-build": "How things stood before was measured before building began.",
    "measurement.kill-switch-works": "The off switch was pulled, and the system stopped in time.",
    "organization.owner-active": "The owner of the result is a real person who takes part.",
    "organization.can-be-stopped": "Somebody is named who can stop it at once, and stopping it was tried.",
    "organization.duties-separated": "Building it, owning it and deciding about it are not all in one hand.",
}
"""The statement of each check; one that is not listed is told by its title."""

LAYERS: Final[dict[Layer, str]] = {
    Layer.INFRASTRUCTURE: "Can be rebuilt",
    Layer.SECURITY: "Is protected",
    Layer.DATA: "Data is understood",
    Layer.OBSERVABILITY: "Can be watched",
    Layer.MEASUREMENT: "Is measured",
}

FOUNDATIONS: Final[dict[Layer, str]] = {
    Layer.INFRASTRUCTURE: "It can be rebuilt from nothing.",
    Layer.SECURITY: "It is protected.",
    Layer.DATA: "Its data is understood.",
    Layer.OBSERVABILITY: "It can be watched while it works.",
    Layer.MEASUREMENT: "What it is worth is measured.",
}

AREAS: Final[dict[str, str]] = {
    "organization": "The people behind it can carry it.",
    "outcome": "What improves, and for whom, is written down.",
    "baseline": "How things stand today can be measured today.",
    "cost of being wrong": "What a mistake costs, and how many are allowed, is written down.",
    "owner": "One person owns the result.",
    "kill authority": "It is written down when it is ended, and who ends it.",
}
"""What is asked where no single check says it."""

QUESTIONS: Final[dict[int, tuple[str, str, str, str]]] = {
    1: (
        "Can it be rebuilt somewhere else?",
        "It was built again from nothing in another place and gave the same results.",
        "Built again from nothing in another place, it did not give the same results.",
        "Nobody has rebuilt it from nothing and compared the results.",
    ),
    2: (
        "Is it agreed what its data holds?",
        "Each set of data has a written agreement, the data keeps it, and planted faults were caught.",
        "An agreement on its data is missing, is broken, or would let bad data through.",
        "Nobody has shown agreements on its data, or tried whether the data keeps them.",
    ),
    3: (
        "What changed since the trial version?",
        "",
        "",
        "Nobody has marked which version the trial was.",
    ),
    4: (
        "Can a decision be explained?",
        "A real decision was followed back to its model, its sources and how sure it was.",
        "It makes decisions that cannot be followed back to what they rest on.",
        "Nobody has followed a decision back to what it rests on.",
    ),
    5: (
        "What shows whether it works?",
        "A figure of the business is agreed, and how it stood was measured before building began.",
        "No figure of the business is agreed, or none was measured before building began.",
        "Nobody has shown an agreed figure that was measured before building began.",
    ),
}
"""The five questions: the question, and what yes, no and not shown mean for it."""

FACTORS: Final[dict[str, str]] = {
    "model and prompts": "the model and its instructions",
    "data": "the data",
    "dependencies": "its building blocks",
    "configuration": "its settings",
    "infrastructure": "the systems it runs on",
    "code": "the program",
}

STAKES: Final[dict[Stakes, str]] = {
    Stakes.ANNOYANCE: "A mistake is an annoyance.",
    Stakes.MONEY: "A mistake costs money.",
    Stakes.REGULATION: "A mistake breaks a rule.",
    Stakes.SAFETY: "A mistake can hurt people.",
}

SEVERITY: Final[dict[str, str]] = {
    "annoyance": "annoying",
    "money": "costs money",
    "regulation": "breaks a rule",
    "safety": "can hurt people",
}

_HOW: Final[dict[Basis, str]] = {Basis.EXECUTED: "tried", Basis.OBSERVED: "read in its files", Basis.DECLARED: "stated"}
_WHO: Final = {"self": "the team itself", "ci": "the build service", "verifier": "the approver's side"}


def word(basis: Basis, witness: str) -> str:
    """Whose word a line is, and what it rests on: `tried by the build service`."""
    return f"{_HOW[basis]} by {_WHO.get(witness, 'nobody yet')}"


def rate(allowed: float) -> str:
    """A rate as people say it: 0.02 is `2 in 100`."""
    for whole in (10, 100, 1000, 10_000, 100_000):
        if allowed * whole >= 1 and abs(allowed * whole - round(allowed * whole)) < 1e-9:
            return f"{round(allowed * whole)} in {whole:,}"
    return "none" if allowed == 0 else f"{allowed * 100:.3g} in 100"
