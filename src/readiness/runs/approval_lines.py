"""The lines of an approver's page, from what was judged: plain sentences, each with whose word it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from readiness.config.manifest import Manifest
from readiness.formats import approval_words as words
from readiness.formats.approval_page import Aim, Mistake, Risk, Row, State, Step, long_day
from readiness.layers import catalog
from readiness.runs.check import Judged
from readiness.runs.outcome_facts import Authority, OutcomeFacts
from readiness.runs.questions import Answer
from readiness.sequence import approval as gate
from readiness.sequence.approval import Approval, Obstacle
from readiness.sequence.finding import Basis, Outcome
from readiness.sequence.layers import Layer
from readiness.sequence.mode import Mode
from readiness.sequence.verdict import CheckResult, LayerResult
from readiness.sequence.waiver import Waiver

STATES: Final[dict[Outcome, State]] = {
    Outcome.HOLDS: State.YES,
    Outcome.FAILS: State.NO,
    Outcome.UNKNOWN: State.UNKNOWN,
    Outcome.WAIVED: State.ACCEPTED,
    Outcome.WAITS: State.WAITS,
    Outcome.NOT_APPLICABLE: State.NONE,
}
NOBODY: Final = "nobody is named"
BASELINE: Final = "measurement.baseline-precedes-build"
_DECIDES: Final = {Layer.SECURITY.value: "security", Layer.DATA.value: "data"}


def setting(manifest: Manifest) -> tuple[str, ...]:
    """What the project says of itself: what a mistake means, and how far it goes."""
    mode = manifest.mode
    told = [words.STAKES[manifest.stakes] if manifest.stakes_declared else "What a mistake costs was never stated; the mildest is assumed."]
    if mode.mode is not Mode.PRODUCTION:
        until = f" until {long_day(mode.until)}" if mode.until else ""
        told.append(f"It calls itself {mode.mode}{until}, for {mode.owner or 'nobody'}: {mode.reason}")
    return tuple(told)


def aims(facts: Iterable[OutcomeFacts], baseline: CheckResult | None) -> tuple[Aim, ...]:
    """What improves, for whom, from where to where."""
    found = []
    for fact in facts:
        today = fact.baseline or "Not stated."
        if fact.baseline:
            proven = fact.measured or (baseline is not None and baseline.finding.outcome is Outcome.HOLDS)
            today += " (measured)" if proven else " (stated, not shown)"
        works = fact.works or "Not known: nothing has been compared yet."
        found.append(
            Aim(fact.change or "Not stated.", fact.beneficiary or "Nobody is named.", who(fact.owner) or "Nobody is named.", fact.figure,
                today, fact.target or "Not stated.", works)
        )  # fmt: skip
    return tuple(found)


def mistakes(facts: Iterable[OutcomeFacts]) -> tuple[Mistake, ...]:
    """What a mistake costs, what is allowed of it, and what was shown."""
    return tuple(
        Mistake(
            item.what or "a mistake",
            words.SEVERITY.get(item.severity, item.severity),
            item.cost or "not stated",
            words.rate(item.allowed) if item.allowed is not None else "no limit stated",
            item.proven or "not shown",
        )
        for fact in facts
        for item in fact.errors
    )


def foundations(layers: Iterable[LayerResult]) -> tuple[Row, ...]:
    """The five layers, in order."""
    return tuple(Row(words.LAYERS[layer.layer], State.STATED if layer.claimed else STATES[layer.outcome]) for layer in layers)


def questions(answers: Iterable[Answer]) -> tuple[Row, ...]:
    """The five questions with an answer in a sentence."""
    return tuple(_question(answer) for answer in answers)


def _question(answer: Answer) -> Row:
    label, yes, no, unknown = words.QUESTIONS[answer.number]
    if answer.changed is not None and answer.changed.poc is not None:
        return Row(label, State.YES, _since(answer), "compared with the project's history")
    state = STATES[answer.outcome]
    text = {State.YES: yes, State.NO: no, State.ACCEPTED: f"{no} This is an accepted risk."}.get(state, unknown)
    if state is State.YES and answer.waits:
        text += " Something it rests on does not hold yet."
    told = [line for line in answer.lines if line.witness and line.basis]
    weakest = min(told, key=lambda line: (_RANK[line.witness], -list(Basis).index(Basis(line.basis))), default=None)
    return Row(label, state, text, words.word(Basis(weakest.basis), weakest.witness) if weakest and state is not State.UNKNOWN else "")


_RANK: Final = {"self": 0, "ci": 1, "verifier": 2}


def _since(answer: Answer) -> str:
    found = answer.changed
    assert found is not None, "only a comparison is told"
    assert found.poc is not None, "only a comparison with a known commit is told"
    parts = [f"{words.FACTORS[factor.name]} ({len(factor.lines)})" for factor in found.factors if factor.lines]
    day = f" of {long_day(found.poc.made.date())}" if found.poc.made else ""
    return f"Since the trial{day}: {', '.join(parts)}." if parts else f"Nothing, since the trial{day}."


def people(facts: tuple[OutcomeFacts, ...], named: Authority, organization: Iterable[CheckResult]) -> tuple[Row, ...]:
    """Who owns it, who can stop it, who decides; where a check looked at it, its answer, else what is stated."""
    found = {check.spec.id: check for check in organization}
    owner = who(next((fact.owner for fact in facts if fact.owner), named.owner))
    stops = who(*[fact.kill_authority for fact in facts if fact.kill_authority][:1]) or who(*named.decides.get("kill", ()))
    criterion = next((fact.kill_criterion for fact in facts if fact.kill_criterion), "")
    decides = [f"{what}: {who(*named.decides[what])}" for what in ("data", "security", "cost") if what in named.decides]
    ends = f" It is ended when: {criterion}." if criterion else " When to end it is not written down."
    rows = [
        _person("Who owns the result?", f"{owner}." if owner else "", found.pop("organization.owner-active", None)),
        _person("Who can stop it?", f"{stops}.{ends}" if stops else "", found.pop("organization.can-be-stopped", None)),
        _person("Who decides?", f"On {'; on '.join(decides)}." if decides else "", None),
    ]
    return (*rows, *(_checked(check) for check in found.values()))


def _person(label: str, text: str, check: CheckResult | None) -> Row:
    if check is None:
        return Row(label, State.STATED if text else State.NO, text or "Nobody is named.", "stated by the team itself" if text else "")
    row = _checked(check)
    return Row(label, row.state, f"{text or 'Nobody is named.'} {row.text}".strip(), row.word)


def _checked(check: CheckResult) -> Row:
    state = STATES[check.finding.outcome]
    said = {State.YES: "", State.NO: "Not so: "}.get(state, "Not shown: ")
    return Row("Are duties apart?" if check.spec.id.endswith("duties-separated") else f"{check.spec.title.capitalize()}?", state,
               f"{said}{statement(check.spec.id)}", _word(check) if state in (State.YES, State.NO) else "")  # fmt: skip


def _word(check: CheckResult) -> str:
    return words.word(check.finding.basis, check.evidence.witness.value) if check.evidence else ""


def who(*people: str) -> str:
    """People by their names, where they have one; the page is read, nobody writes to them from it."""
    return ", ".join(re.sub(r"\s*<[^<>]*>", "", person).strip() or person for person in people)


def statement(check: str) -> str:
    """A check as a plain sentence; one that is not ours as its title."""
    if check in words.CHECKS:
        return words.CHECKS[check]
    found = next((spec.title for spec in (*catalog.specs(), *catalog.ORGANIZATION) if spec.id == check), check)
    return f"{found[:1].upper()}{found[1:]}."


def trust(judged: Judged) -> tuple[str, ...]:
    """What is believed without having been seen: only stated, or the word of the judged party alone."""
    results = [*(check for layer in judged.verdict.layers for check in layer.checks), *judged.organization.checks]
    holding = [check for check in results if check.required and check.finding.outcome is Outcome.HOLDS and check.evidence]
    own = [check for check in holding if check.evidence and check.evidence.witness == "self"]
    found = []
    if own:
        whole = "Every" if len(own) == len(holding) else f"{len(own)} of {len(holding)}"
        found.append(f"{whole} finding here is the team's own word: nobody else has repeated it." if whole == "Every" else
                     f"{whole} findings here are the team's own word: nobody else has repeated them.")  # fmt: skip
    found += [f"Only stated, never tried: {statement(check.spec.id)}" for check in holding if check.finding.basis is Basis.DECLARED]
    if judged.project.dirty:
        found.append("What was judged is not saved in the project's history yet, so nobody can look at exactly this version later.")
    if not judged.manifest.stakes_declared:
        found.append("How bad a mistake is was never stated; the mildest was assumed.")
    return (*found, "Who owns it, what is aimed at and what a mistake costs are stated by the project itself.")


def risks(waivers: Iterable[Waiver], judged: Judged) -> tuple[Risk, ...]:
    """The accepted risks with their ends, also those that do not count."""
    today = judged.as_of.date()
    return tuple(_risk(item, item.invalid_reason(today)) for item in waivers)


def _risk(item: Waiver, invalid: str) -> Risk:
    text = f"Accepted that this is not so for {item.subject}: {item.reason}. If it goes wrong: {item.blast_radius}."
    if invalid:
        text = f"Does not count: {invalid}. {text}"
    state = State.NO if invalid else State.ACCEPTED
    return Risk(statement(item.check), state, text, long_day(item.expires), who(item.owner), who(item.approver))


def steps(approval: Approval, facts: tuple[OutcomeFacts, ...], named: Authority) -> tuple[Step, ...]:
    """What would make it a yes, in order, by whom and by when as far as anybody has said."""
    owner = next((fact.owner for fact in facts if fact.owner), named.owner)
    by = f"by {long_day(approval.until)}" if approval.until else "no date agreed"
    found = []
    for item in approval.obstacles:
        decider = who(*named.decides.get(_DECIDES.get(item.area, ""), ()))
        detail = f"{item.text} ({item.command})" if item.command else item.text
        found.append(Step(_step(item), decider or who(owner) or NOBODY, by, item.check, detail))
    return tuple(dict.fromkeys(found))


def _step(item: Obstacle) -> str:
    if item.check:
        return f"{'Make this true' if item.outcome is Outcome.FAILS else 'Show this'}: {statement(item.check)}"
    if item.area in words.AREAS and item.area != gate.ORGANIZATION:
        return f"{words.AREAS[item.area]} Now: {item.text}."
    if item.area == gate.ORGANIZATION or item.area in list(Layer):
        what = words.AREAS[item.area] if item.area == gate.ORGANIZATION else words.FOUNDATIONS[Layer(item.area)]
        untested = " This version of the tool has no test for it." if "no check" in item.text else ""
        return f"Show this: {what}{untested}"
    return f"{item.text[:1].upper()}{item.text[1:]}."
