"""`approve`: the decision framework on one page, at two gates: may it be built, and may it go to production."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.errors import UsageError
from readiness.formats import approval_words as words
from readiness.formats.approval_page import Page, Row, long_day
from readiness.formats.authority import Authority
from readiness.formats.canonical import canonical, digest
from readiness.formats.people import Person
from readiness.runs import approval_lines as lines
from readiness.runs import approvals, check, outcome_facts, questions
from readiness.runs.approvals import TREE, Written
from readiness.runs.check import Judged, Options, Watcher
from readiness.runs.outcome_facts import OutcomeFacts
from readiness.sequence import approval as kernel
from readiness.sequence.approval import Approval, Condition, Decision
from readiness.sequence.finding import Basis, Outcome
from readiness.sequence.verdict import CheckResult
from readiness.world import ssh
from readiness.world.project import Project

TO_RUN: Final = "Go to production?"
TO_BUILD: Final = "Start building?"
_HEADLINES: Final = {
    Decision.APPROVE: "Yes: it may go to production",
    Decision.NOT_READY: "Not ready",
    Decision.FIX_ORGANIZATION: "Fix the organisation first",
    Decision.STOP: "Stop",
    Decision.BUILD: "Yes: it may be built",
    Decision.NOT_YET: "Not yet",
}


@dataclass(frozen=True, slots=True)
class Approved:
    """The answer with its page; `signer` is who signed it just now, empty where nobody did."""

    project: Project
    approval: Approval
    written: Written
    signer: str = ""


def approve(root: Path, *, to_build: bool, sign: bool = False, key: Path | None = None, watcher: Watcher | None = None) -> Approved:
    """Judges a project at one of the two gates, and writes the page. Raises what `check` raises, and UsageError for a bad key."""
    place = ssh.key_of(root, key) if sign else None  # a key that is not there is said before anything takes its time
    approval, page, project = _build_gate(root, watcher) if to_build else _run_gate(root, watcher)
    written = approvals.write(root, page)
    signer = approvals.sign(project, written, place) if sign else ""
    return Approved(project, approval, written, signer)


# To run


def _run_gate(root: Path, watcher: Watcher | None) -> tuple[Approval, Page, Project]:
    judged = check.check(root, Options(), watcher)
    facts = outcome_facts.outcome_facts(judged.project, judged.manifest)
    today = judged.as_of.date()
    asked = kernel.Asked(
        judged.verdict, judged.organization, today, judged.manifest.mode, judged.waivers,
        pilot_since=approvals.pilot_since(root, TO_RUN),
    )  # fmt: skip
    approval = kernel.approve(asked)
    return approval, _page(judged, approval, facts), judged.project


def _page(judged: Judged, approval: Approval, facts: tuple[OutcomeFacts, ...]) -> Page:
    named, wrong = outcome_facts.authority(judged.project)
    today = judged.as_of.date()
    found = {item.spec.id: item for layer in judged.verdict.layers for item in layer.checks}
    looked = found | {item.spec.id: item for item in judged.organization.checks}
    answers = questions.answered(judged).answers
    todo = lines.steps(approval, facts, named)
    return Page(
        project=judged.project.id,
        gate=TO_RUN,
        date=today.isoformat(),
        decision=approval.decision.value,
        headline=f"A trial only, until {long_day(approval.until)}" if approval.until else _HEADLINES[approval.decision],
        reason=_reason(approval, tuple(step.text for step in todo)),
        until=long_day(approval.until) if approval.until else "",
        ends=approval.until.isoformat() if approval.until else "",
        good=approval.decision in (Decision.APPROVE, Decision.PILOT),
        setting=lines.setting(judged.manifest),
        dates=lines.dates(looked.values(), approval, today),
        asks=lines.asks(found.values(), judged.manifest),
        aims=lines.aims(facts, found, built=True),
        mistakes=lines.mistakes(facts),
        foundations=lines.foundations(judged.verdict.layers, judged.manifest.mode.mode),
        questions=lines.questions(answers),
        people=lines.people(facts, named, wrong, looked, built=True),
        trust=lines.trust(judged),
        risks=lines.risks(judged.waivers, judged),
        steps=todo,
        approvers=tuple(_written(person) for person in named.people),
        written_at=f"{judged.as_of:%Y-%m-%dT%H:%M:%SZ}",
        foot=_foot(judged.project, [item.evidence.digest for item in found.values() if item.evidence and item.evidence.digest]),
    )


def _reason(approval: Approval, todo: tuple[str, ...]) -> str:
    if approval.decision is Decision.APPROVE:
        return "Everything that was tested held. Not tested: whether it improves anything, and how often it is wrong."
    if approval.decision is Decision.BUILD:
        return "What must be clear before building is clear."
    if approval.decision is Decision.PILOT and not todo:
        return "It rests on risks that are accepted for a while, and ends with the first of them."
    begin = "The lower foundations hold and nothing fails, but not all was shown. " if approval.decision is Decision.PILOT else ""
    count = f"{len(todo)} things are missing for a yes, the first:" if len(todo) > 1 else "One thing is missing for a yes:"
    return f"{begin}{count} {todo[0][:1].lower()}{todo[0][1:]}" if todo else f"{begin}Nothing was shown."


def _written(person: Person) -> str:
    """A person as git writes them."""
    at = person.email or (f"@{person.handle}" if person.handle else "")
    return f"{person.name} <{at}>" if person.name and at else person.name or at


def _foot(project: Project, evidence: list[str]) -> tuple[tuple[str, str], ...]:
    rests = digest(canonical(sorted(evidence)))
    commit = [("Version", project.commit[:12])] if project.commit else []
    return (*commit, (TREE, project.tree), ("Evidence", rests), ("Written by", "readiness approve"))


# To build


def _build_gate(root: Path, watcher: Watcher | None) -> tuple[Approval, Page, Project]:
    judged = check.check(root, Options(only=(lines.DEFINED, lines.BASELINE, lines.OWNER)), watcher)
    results = [*(item for layer in judged.verdict.layers for item in layer.checks), *judged.organization.checks]
    found = {item.spec.id: item for item in results}
    facts = outcome_facts.outcome_facts(judged.project, judged.manifest)
    conditions = build_conditions(facts, outcome_facts.authority(judged.project)[0], found)
    approval = kernel.to_build(conditions)
    return approval, _build_page(judged, approval, facts, conditions, found), judged.project


def build_conditions(facts: tuple[OutcomeFacts, ...], named: Authority, found: dict[str, CheckResult]) -> tuple[Condition, ...]:
    """The five conditions before there is code; where a check looks at one, its finding decides."""
    if not facts:
        text = "nobody has written down what improves: outcomes/NAME.yaml says it"
        return tuple(
            Condition(name, Outcome.FAILS, text if name == "outcome" else "no outcome is written down") for name in kernel.BUILD_ASKS
        )
    return (
        _looked_at("outcome", found.get(lines.DEFINED), next((said for fact in facts if (said := _undefined(fact))), "")),
        _baseline(facts, found.get(lines.BASELINE), found.get(lines.DEFINED)),
        _stated("cost of being wrong", [fact.file for fact in facts if not _costed(fact)], "what a mistake costs and how many are allowed"),
        _looked_at(
            "owner",
            found.get(lines.OWNER),
            "" if all(fact.owner or named.owner for fact in facts) else "nobody is named who owns the result",
        ),
        _stated("kill authority", [fact.file for fact in facts if not _endable(fact, named)], "when it is ended, and who ends it"),
    )


def _undefined(fact: OutcomeFacts) -> str:
    """Why an outcome is none yet; empty where it is one."""
    lacks = "" if fact.change and fact.beneficiary else f"{fact.file} does not say what improves, or for whom"
    return lacks or fact.problem


def _costed(fact: OutcomeFacts) -> bool:
    return bool(fact.errors) and all(item.what and item.cost and item.allowed is not None for item in fact.errors)


def _endable(fact: OutcomeFacts, named: Authority) -> bool:
    return bool(fact.kill_criterion and (fact.kill_authority or named.decides.get("kill")))


def _stated(name: str, lacking: list[str], what: str) -> Condition:
    if lacking:
        return Condition(name, Outcome.FAILS, f"{lacking[0]} does not say {what}")
    return Condition(name, Outcome.HOLDS, f"it is written down {what}")


def _looked_at(name: str, result: CheckResult | None, lacking: str) -> Condition:
    """A condition a check looks at; what the files do not even state fails without it."""
    failing = result is not None and result.finding.outcome is Outcome.FAILS
    if lacking and not failing:
        return Condition(name, Outcome.FAILS, lacking)
    if result is None:
        return Condition(name, Outcome.UNKNOWN, "it is stated, and this version has no check of it")
    finding = result.finding
    return Condition(name, finding.outcome, lacking or finding.reason or finding.observed, finding.remedy.command, finding.check)


def _baseline(facts: tuple[OutcomeFacts, ...], baseline: CheckResult | None, defined: CheckResult | None) -> Condition:
    """Whether how things stand can be measured today: the check of it decides, else whether each figure was computed."""
    name = "baseline"
    if baseline is not None and baseline.finding.outcome in (Outcome.HOLDS, Outcome.FAILS):
        return _looked_at(name, baseline, "")
    if any(fact.measured is False for fact in facts):
        return Condition(name, Outcome.FAILS, "its figure cannot be computed today")
    computed = defined is not None and defined.finding.outcome is Outcome.HOLDS and defined.finding.basis is Basis.EXECUTED
    if computed or all(fact.measured for fact in facts):
        return Condition(name, Outcome.HOLDS, "its figure was computed today", check=lines.DEFINED if computed else "")
    return Condition(name, Outcome.UNKNOWN, "nobody has computed its figure today")


def _build_page(
    judged: Judged, approval: Approval, facts: tuple[OutcomeFacts, ...], conditions: tuple[Condition, ...], found: dict[str, CheckResult]
) -> Page:
    named, wrong = outcome_facts.authority(judged.project)
    todo = lines.steps(approval, facts, named)
    rows = tuple(_row(item, found.get(item.check)) for item in conditions)
    return Page(
        project=judged.project.id,
        gate=TO_BUILD,
        date=judged.as_of.date().isoformat(),
        decision=approval.decision.value,
        headline=_HEADLINES[approval.decision],
        reason=_reason(approval, tuple(step.text for step in todo)),
        until="",
        ends="",
        good=approval.decision is Decision.BUILD,
        setting=lines.setting(judged.manifest),
        dates=lines.dates(found.values(), approval, judged.as_of.date()),
        aims=lines.aims(facts, found, built=False),
        mistakes=lines.mistakes(facts),
        foundations=(),
        questions=rows,
        people=lines.people(facts, named, wrong, found, built=False),
        trust=(lines.OWN_WORDS,),
        risks=(),
        steps=todo,
        approvers=tuple(_written(person) for person in named.people),
        written_at=f"{judged.as_of:%Y-%m-%dT%H:%M:%SZ}",
        foot=_foot(judged.project, [item.evidence.digest for item in found.values() if item.evidence and item.evidence.digest]),
    )


def _row(item: Condition, result: CheckResult | None) -> Row:
    label, state = words.AREAS[item.name], lines.STATES[item.outcome]
    word = lines.word(result) if result is not None and result.evidence else lines.STATED
    if item.outcome is Outcome.HOLDS:
        return Row(label, state, word=word)
    return Row(label, state, words.sentence(item.text), word if item.check else "")


def one(found: list[Path]) -> Path:
    """The one project of a folder. Raises UsageError where it holds several: a page is about one."""
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise UsageError(f"there are {len(found)} projects here: {names}", "name one of them")
    return found[0]
