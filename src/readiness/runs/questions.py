"""`questions`: the five questions that expose unreadiness, answered from evidence, or with what is missing.

The project is checked first, exactly as `check` does. A question is answered where every finding it rests on holds; a
check that this version does not have, or that these stakes do not ask for, is no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.layers import catalog
from readiness.runs import changed as changes
from readiness.runs import check
from readiness.runs.changed import Changed
from readiness.runs.check import Judged, Options, Watcher
from readiness.sequence.finding import SEVERITY, Outcome
from readiness.sequence.verdict import CheckResult

QUESTIONS: Final = (
    "Can you recreate your demo in another environment?",
    "Show me the data contracts",
    "What changed between POC and production?",
    "Can you explain why the model made that decision?",
    "What would you measure to know if this is working?",
)
"""The five questions, as the essay asks them."""

_RESTS_ON: Final[dict[int, tuple[str, ...]]] = {
    1: ("infrastructure.recreates-elsewhere",),
    2: ("data.contracts-exist", "data.contracts-hold", "data.contracts-bite"),
    4: (changes.CONTEXT,),
    5: ("measurement.outcome-defined", "measurement.baseline-precedes-build"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One check a question rests on: what was found, and whose word that is (empty where nothing was found)."""

    check: str
    title: str
    outcome: Outcome
    text: str
    notes: tuple[str, ...] = ()
    witness: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question. `outcome` holds where it is answered; `missing` and `command` say what would answer it.

    `waits` says that a layer below does not hold, so that the answer is only seen, not judged.
    """

    number: int
    question: str
    outcome: Outcome
    lines: tuple[Line, ...]
    missing: str = ""
    command: str = ""
    waits: bool = False
    changed: Changed | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The five answers beside the verdict they rest on."""

    judged: Judged
    answers: tuple[Answer, ...]

    @property
    def exit_code(self) -> int:
        """0 where all five are answered, 1 where one is answered with no, 3 where one could not be."""
        outcomes = [answer.outcome for answer in self.answers]
        return 1 if Outcome.FAILS in outcomes else 0 if all(item is Outcome.HOLDS for item in outcomes) else 3


def questions(root: Path, watcher: Watcher | None = None) -> Answered:
    """Checks a project and answers the five questions about it. Raises what `check` raises."""
    return answered(check.check(root, Options(), watcher))


def answered(judged: Judged) -> Answered:
    """The five answers a judged project gives."""
    found = {result.spec.id: result for layer in judged.verdict.layers for result in layer.checks}
    third = _third(judged)
    return Answered(judged, tuple(third if number == 3 else _answer(number, found, judged) for number in range(1, 6)))


def _answer(number: int, found: dict[str, CheckResult], judged: Judged) -> Answer:
    known = {spec.id for spec in catalog.specs()}
    results = [found[name] for name in _RESTS_ON[number] if name in found]
    lines = tuple(_line(found[name]) if name in found else _absent(name, known) for name in _RESTS_ON[number])
    applying = [line.outcome for line in lines if line.outcome is not Outcome.NOT_APPLICABLE]
    outcome = min(applying, key=SEVERITY.__getitem__, default=Outcome.UNKNOWN)  # as for a layer: nothing that holds proves nothing
    open_ones = [item for item in results if item.finding.outcome in (outcome, Outcome.NOT_APPLICABLE) and outcome is not Outcome.HOLDS]
    blocking = min(open_ones, key=lambda item: SEVERITY[item.finding.outcome], default=None)
    missing, command = _missing(blocking, judged) if blocking is not None else ("", "")
    if blocking is None and outcome is not Outcome.HOLDS:
        missing = next(line.text for line in lines if line.outcome is outcome)
    waits = any(item.outcome is Outcome.WAITS for item in results)
    return Answer(number, QUESTIONS[number - 1], outcome, lines, missing, command, waits)


def _missing(blocking: CheckResult, judged: Judged) -> tuple[str, str]:
    """What would answer a question, and the one command: what the check says, else what blocks the sequence below it."""
    finding, step = blocking.finding, judged.verdict.next
    if finding.remedy.text or step is None:
        return finding.remedy.text or finding.reason, finding.remedy.command or f"readiness check --only {blocking.spec.id}"
    first = "" if step.text == finding.reason or not step.check else f"; first: {step.text}"
    return f"{finding.reason}{first}", finding.remedy.command or step.command or "readiness check"


def _line(result: CheckResult) -> Line:
    finding, evidence = result.finding, result.evidence
    if evidence is None and not result.required:
        text = "not run: it only advises at these stakes"
        return Line(result.spec.id, result.spec.title, Outcome.UNKNOWN, text)
    text = finding.observed or finding.reason or finding.outcome.replace("_", " ")
    if finding.outcome is not Outcome.HOLDS and finding.reason:
        text = finding.reason
    witness = evidence.witness.value if evidence else ""
    return Line(result.spec.id, result.spec.title, finding.outcome, text, finding.notes, witness, finding.basis.value)


def _absent(name: str, known: set[str]) -> Line:
    why = "these stakes have" if name in known else "this version has"
    return Line(name, name.partition(".")[2].replace("-", " "), Outcome.UNKNOWN, f"{why} no check of it")


def _third(judged: Judged) -> Answer:
    found = changes.changed(judged.project, judged.manifest)
    outcome = Outcome.HOLDS if found.poc is not None else Outcome.UNKNOWN
    return Answer(3, QUESTIONS[2], outcome, (), found.missing, found.command, changed=found)
