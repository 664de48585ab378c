"""What is said to somebody who is no engineer: each check, layer, question and stake as a plain sentence."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from readiness.sequence.finding import Basis
from readiness.sequence.layers import Layer
from readiness.sequence.stakes import Stakes

CHECKS: Final[dict[str, tuple[str, str]]] = {
    "infrastructure.installs": (
        "Everything the system needs can be installed from nothing.",
        "What the system needs cannot be installed from nothing.",
    ),
    "infrastructure.starts": ("Every part of the system starts.", "Not every part of the system starts."),
    "infrastructure.dependencies-locked": (
        "The exact versions of everything it is built from are fixed.",
        "The exact versions of what it is built from are not fixed, or are not the ones it uses.",
    ),
    "infrastructure.images-pinned": (
        "The ready-made systems it is built on are fixed to exact versions.",
        "Ready-made systems it is built on can change without notice.",
    ),
    "infrastructure.configuration-complete": (
        "Every setting it needs is written down.",
        "It needs settings that are written down nowhere.",
    ),
    "infrastructure.recreates-elsewhere": (
        "Built again from nothing in another place, it gives the same results.",
        "It could not be run again with the same results.",
    ),
    "infrastructure.tests-bite": (
        "Its own tests notice when something in it breaks.",
        "Its own tests notice too little of what breaks in it.",
    ),
    "infrastructure.migrations-apply": (
        "A database for it can be made from nothing.",
        "A database for it cannot be made from nothing.",
    ),
    "infrastructure.rolls-back": (
        "It can go back to the release before, and no data is lost.",
        "It cannot go back to the release before without losing data.",
    ),
    "infrastructure.drift-explained": (
        "What runs is what was written down.",
        "What runs is something else than what was written down.",
    ),
    "infrastructure.few-containers": (
        "It is made of three parts that run at the most.",
        "It is made of more than three parts that run, which is too much to throw away.",
    ),
    "security.dependencies-audited": (
        "Nothing it is built from is known to be vulnerable.",
        "What it is built from is known to be vulnerable, or nobody looked.",
    ),
    "security.infrastructure-code-scanned": (
        "What describes its machines was looked through for known mistakes.",
        "What describes its machines has known mistakes, or nobody looked.",
    ),
    "security.training-data-signed": (
        "Somebody else looked at what it learns from and signed it.",
        "What it learns from is not what somebody else looked at and signed.",
    ),
    "security.no-sensitive-data": (
        "Nothing about a person and no password was found in what it reads.",
        "It reads what is personal, or a password.",
    ),
    "security.isolated": (
        "It shares no account, network, store or key with what runs beside it.",
        "It shares an account, a network, a store or a key with what runs beside it.",
    ),
    "infrastructure.survives-perturbation": (
        "Its results do not hang on the machine, the clock or the place it runs in.",
        "Its results change with something around it, such as the clock or the machine.",
    ),
    "infrastructure.recreated-by-somebody-else": (
        "Somebody else ran it again on their own, and got the same results.",
        "Somebody else ran it again and got other results.",
    ),
    "security.secrets-absent": (
        "No password or key lies in its files or in their history.",
        "A password or key lies in its files or in their history.",
    ),
    "security.runtime-redacts": (
        "No secret shows up in what it writes while it runs.",
        "Secrets show up in what it writes while it runs.",
    ),
    "security.anonymous-refused": ("It turns away people it does not know.", "It answers people it does not know."),
    "security.probes-withstood": (
        "It withstood the attacks that were tried on it.",
        "It gives away what it should keep, obeys a stranger's text, or refuses harmless questions.",
    ),
    "security.policy-valid": (
        "Its rules on who may do what are sound.",
        "Its rules on who may do what contradict themselves or cannot be applied.",
    ),
    "security.secrets-referenced": (
        "Each of its keys belongs to somebody and was changed in time.",
        "Some of its keys belong to nobody, or were not changed in time.",
    ),
    "security.grants-match": (
        "Its database gives everybody the rights that were written down, and no others.",
        "Its database gives rights that were not written down.",
    ),
    "security.forbidden-refused": (
        "What somebody must not see or change was tried, and is refused.",
        "What somebody must not see or change was tried, and is not refused.",
    ),
    "security.retrieval-isolated": (
        "Nobody is shown documents of others, and everybody finds their own.",
        "Somebody is shown documents of others, or does not find their own.",
    ),
    "security.budgets-kept": (
        "Nobody can ask it for more than its rules allow in a day.",
        "Somebody can ask it for more than its rules allow.",
    ),
    "data.contracts-exist": (
        "Every set of data it reads has a written agreement on what it holds and who answers for it.",
        "Data it reads has no written agreement, or an agreement names nobody who answers for it.",
    ),
    "data.contracts-hold": (
        "The data keeps those agreements.",
        "The data breaks its agreements, or an agreement cannot be read.",
    ),
    "data.contracts-bite": (
        "Bad data is noticed: faults that were planted in a copy were caught.",
        "Some bad data would go unnoticed.",
    ),
    "observability.traces-complete": (
        "What it does leaves a record: each request, and each question to an AI model.",
        "Some of what it does leaves no record.",
    ),
    "observability.decisions-carry-context": (
        "Each decision it was seen to make names its model, its sources and how sure it was.",
        "Some decisions do not name their model, their sources or how sure they were.",
    ),
    "measurement.outcome-defined": (
        "What is to improve is written down as a figure of the business.",
        "The statement of what is to improve is missing, or not accepted as it is.",
    ),
    "measurement.baseline-precedes-build": (
        "How things stood was measured and fixed before building began.",
        "It is not shown how things stood before building began.",
    ),
    "measurement.kill-switch-works": (
        "It was told to stop, and stopped in time.",
        "Its off switch does not work.",
    ),
    "organization.owner-active": (
        "Whoever owns the result took part in the project within the last 90 days.",
        "Not every owner of the result is properly named and took part within the last 90 days.",
    ),
    "organization.can-be-stopped": (
        "Somebody who may stop it is named, and took part within the last 90 days.",
        "Nobody who may stop it is properly named and took part within the last 90 days.",
    ),
    "organization.duties-separated": (
        "Owning it, building it and stopping it are not all in one hand.",
        "Owning it, building it and stopping it are not kept apart.",
    ),
}
"""What each check says when it holds, and when it does not; one that is not listed is told by its title."""

LAYERS: Final[dict[Layer, str]] = {
    Layer.INFRASTRUCTURE: "Can be rebuilt",
    Layer.SECURITY: "Is protected",
    Layer.DATA: "Data is understood",
    Layer.OBSERVABILITY: "Can be watched",
    Layer.MEASUREMENT: "Can be measured",
}

FOUNDATIONS: Final[dict[Layer, str]] = {
    Layer.INFRASTRUCTURE: "It can be rebuilt from nothing.",
    Layer.SECURITY: "It is protected.",
    Layer.DATA: "Its data is understood.",
    Layer.OBSERVABILITY: "It can be watched while it works.",
    Layer.MEASUREMENT: "What it is worth can be measured.",
}

AREAS: Final[dict[str, str]] = {
    "organization": "The people behind it can carry it.",
    "outcome": "What improves, and for whom, is written down.",
    "baseline": "How things stand today can be measured.",
    "cost of being wrong": "What a mistake costs, and how many are allowed, is written down.",
    "owner": "One person owns the result.",
    "kill authority": "It is written down when it is ended, and who ends it.",
}
"""What is asked where no single check says it."""

QUESTIONS: Final[dict[int, tuple[str, str, str, str]]] = {
    1: (
        "Can it be rebuilt somewhere else?",
        "It was built again from nothing in another place and gave the same results.",
        "It could not be run again with the same results.",
        "Nobody has rebuilt it from nothing and compared the results.",
    ),
    2: (
        "Is it agreed what its data holds?",
        "Each set of data has a written agreement, the data keeps it, and planted faults were caught.",
        "An agreement on its data is missing, is broken, or would let bad data through.",
        "Nobody has shown agreements on its data, or tried whether the data keeps them.",
    ),
    3: (
        "What changed since the trial?",
        "",
        "",
        "Nobody has marked which version the trial was.",
    ),
    4: (
        "Can a decision be explained?",
        "Each decision it was seen to make names its model, its sources and how sure it was.",
        "It makes decisions that do not name what they rest on.",
        "No decision was seen that names what it rests on.",
    ),
    5: (
        "What would show whether it works?",
        "A figure of the business is written down, and how it stood was measured before building began.",
        "No figure of the business is accepted, or it was not measured before building began.",
        "Nobody has shown a figure of the business that was measured before building began.",
    ),
}
"""The five questions: the question, and what yes, no and not shown mean for it."""

FACTORS: Final[dict[str, str]] = {
    "model": "the model",
    "prompts": "its instructions",
    "data": "the data",
    "configuration": "its settings",
    "infrastructure": "its building blocks and the systems it runs on",
    "code": "the program",
}

STAKES: Final[dict[Stakes, str]] = {
    Stakes.ANNOYANCE: "A mistake is an annoyance.",
    Stakes.MONEY: "A mistake costs money.",
    Stakes.REGULATION: "A mistake breaks a law or a rule.",
    Stakes.SAFETY: "A mistake can hurt people.",
}

SEVERITY: Final[dict[str, str]] = {
    "annoyance": "annoying",
    "money": "costs money",
    "regulation": "breaks a law or a rule",
    "safety": "can hurt people",
}

_HOW: Final[dict[Basis, str]] = {Basis.EXECUTED: "tested", Basis.OBSERVED: "read in its files", Basis.DECLARED: "stated"}
_WHO: Final = {"self": "the team itself", "ci": "the build service", "verifier": "the approver's side"}


def plain(text: str) -> str:
    """A sentence of a check for somebody who is no engineer: days as in a letter, names in quotation marks."""
    quoted = re.sub(r"`([^`]*)`", r"“\1”", text)
    return re.sub(r"\b\d{4}-\d\d-\d\d\b", lambda found: _day(found[0]), quoted)


def sentence(text: str) -> str:
    """A remark of a check as a plain sentence; the name of a file it may begin with stays as it is."""
    begin = text if "/" in text.partition(" ")[0] else f"{text[:1].upper()}{text[1:]}"
    return plain(begin if begin.endswith((".", "!", "?")) else f"{begin}.")


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%B %Y}"


def word(basis: Basis, witness: str, *, looked_up: bool = False) -> str:
    """Whose word a line is, and what it rests on: `tested by the build service`; what history says was `looked_up`."""
    how = "looked up in its history" if looked_up and basis is Basis.EXECUTED else _HOW[basis]
    return f"{how} by {_WHO.get(witness, 'nobody yet')}"


def rate(allowed: float) -> str:
    """A rate as people say it: 0.02 is `2 in 100`."""
    if allowed == 1:
        return "all"
    for whole in (10, 100, 1000, 10_000, 100_000):
        if allowed * whole >= 1 and abs(allowed * whole - round(allowed * whole)) < 1e-9:
            return f"{round(allowed * whole)} in {whole:,}"
    return "none" if allowed == 0 else f"{allowed * 100:.3g} in 100"
