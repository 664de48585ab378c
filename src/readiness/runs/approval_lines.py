"""The lines of an approver's page, from what was judged: plain sentences, each with whose word it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from readiness.config.manifest import Manifest
from readiness.formats import approval_words as words
from readiness.formats.approval_page import Aim, Mistake, Risk, Row, State, Step, long_day
from readiness.formats.authority import Authority
from readiness.formats.people import Person
from readiness.layers import catalog
from readiness.runs import mode as modes
from readiness.runs.check import Judged
from readiness.runs.outcome_facts import OutcomeFacts
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
DEFINED: Final = "measurement.outcome-defined"
BASELINE: Final = "measurement.baseline-precedes-build"
SWITCH: Final = "measurement.kill-switch-works"
OWNER: Final = "organization.owner-active"
STATED: Final = "stated by the team itself"
OWN_WORDS: Final = "Who owns it, what is aimed at and what a mistake costs are stated by the project itself."
_OF_PEOPLE: Final = (OWNER, "organization.can-be-stopped")
_LABELS: Final = {"organization.duties-separated": "Are duties apart?"}
_DECIDES: Final = {Layer.SECURITY.value: "security", Layer.DATA.value: "data"}


def setting(manifest: Manifest) -> tuple[str, ...]:
    """What the project says of itself: what a mistake means, and how far it goes."""
    mode = manifest.mode
    at_stake = words.STAKES[manifest.stakes] if manifest.stakes_declared else "never stated, so the mildest is assumed."
    told = [f"At stake: {at_stake[:1].lower()}{at_stake[1:]}"]
    if mode.mode is not Mode.PRODUCTION:
        until = f" until {long_day(mode.until)}" if mode.until else ""
        told.append(words.sentence(f"It calls itself {mode.mode}{until}, for {mode.owner or 'nobody'}: {mode.reason}"))
    return tuple(told)


def dates(results: Iterable[CheckResult], approval: Approval, judged_on: date) -> tuple[str, ...]:
    """When it was judged, how old the tests are that it rests on and how long they count, and when a trial ends."""
    holding = [item for item in results if item.required and item.finding.outcome is Outcome.HOLDS]
    evidence = [item.evidence for item in holding if item.evidence is not None]
    told = [f"Judged on {long_day(judged_on)}."]
    if evidence:
        oldest, first = min(item.made_at for item in evidence).date(), min(item.expires_at for item in evidence).date()
        made = "that day" if oldest == judged_on else f"{long_day(oldest)} and later"
        told.append(f"It rests on tests of {made}; the first of them counts until {long_day(first)}.")
    if approval.until is not None:
        told.append(f"The trial ends on {long_day(approval.until)}, and has to be judged again by then.")
    return tuple(told)


def asks(results: Iterable[CheckResult], manifest: Manifest) -> tuple[Row, ...]:
    """What a mode other than production asks for, as it was judged, and its end; nothing in production."""
    mode = manifest.mode
    if mode.mode is Mode.PRODUCTION:
        return ()
    rows = [_checked(f"{modes.ASKED_AS.get(item.spec.id, item.spec.title).capitalize()}?", item) for item in results if item.required]
    end = f"{long_day(mode.until)}." if mode.until is not None else "No day is named."
    return (
        *rows,
        Row(f"{modes.ENDS[mode.mode].capitalize()}?", State.STATED if mode.until else State.NO, end, STATED if mode.until else ""),
    )


def aims(facts: Iterable[OutcomeFacts], found: Mapping[str, CheckResult], *, built: bool) -> tuple[Aim, ...]:
    """What improves, for whom, from where to where; what is wrong with it is what its file or the check of it says first."""
    return tuple(
        Aim(
            fact.change or "Not stated.",
            fact.beneficiary or "Nobody is named.",
            fact.owner or "Nobody is named.",
            fact.figure,
            _today(fact, found.get(BASELINE)),
            fact.target or "Not stated.",
            fact.works if built else "",
            words.plain(fact.problem) or _refused(fact, found.get(DEFINED)),
        )
        for fact in facts
    )


def _today(fact: OutcomeFacts, baseline: CheckResult | None) -> str:
    """Where things stood, and what that number is worth."""
    if not fact.baseline:
        return "Not stated."
    fixed = f" and fixed on {long_day(fact.locked)}" if fact.locked else ""
    if fact.measured is False:
        said = "Stated, and it cannot be computed from the data that is here."
    elif baseline is not None and baseline.finding.outcome is Outcome.HOLDS:
        said = f"Measured{fixed}, before building began."
    elif fact.measured:
        said = f"Measured{fixed}; not shown to be from before building began."
    else:
        said = "Stated, not shown."
    return f"{fact.baseline[:1].upper()}{fact.baseline[1:]}. {said}"


def _refused(fact: OutcomeFacts, defined: CheckResult | None) -> str:
    """What the check of the outcomes finds wrong with this one first; empty where nothing."""
    problems = defined.finding.problems if defined is not None and defined.finding.outcome is Outcome.FAILS else ()
    wrong = [item.text for item in problems if fact.id and item.subject.startswith(f"{fact.id}: ")]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return words.plain(f"not accepted as it is: {wrong[0]}{more}") if wrong else ""


def mistakes(facts: Iterable[OutcomeFacts]) -> tuple[Mistake, ...]:
    """What a mistake costs, what is allowed of it, and what was shown."""
    return tuple(
        Mistake(
            item.what or "a mistake",
            words.SEVERITY.get(item.severity, item.severity),
            item.cost or "not stated",
            words.rate(item.allowed) if item.allowed is not None else "no limit stated",
            item.proven or "not measured",
        )
        for fact in facts
        for item in fact.errors
    )


def foundations(layers: Iterable[LayerResult], mode: Mode) -> tuple[Row, ...]:
    """The five layers, in order: how many of the tests asked for hold, and which there are."""
    return tuple(_foundation(layer, "no test" if mode is Mode.PRODUCTION else f"skipped in {mode} mode") for layer in layers)


def _foundation(layer: LayerResult, untested: str) -> Row:
    checks = [check for check in layer.checks if check.required]
    holding = [check for check in checks if check.finding.outcome is Outcome.HOLDS]
    state = State.STATED if layer.claimed else STATES[layer.outcome]
    tested = " ".join(statement(check.spec.id) for check in holding)
    return Row(words.LAYERS[layer.layer], state, tested, f"{len(holding)} of {len(checks)} tests passed" if checks else untested)


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


def people(
    facts: tuple[OutcomeFacts, ...], named: Authority, wrong: tuple[str, ...], found: Mapping[str, CheckResult], *, built: bool
) -> tuple[Row, ...]:
    """Who owns it, who can stop it, who decides; where a check looked at it, its answer, else what is stated."""
    owner = ", ".join(_each(fact.owner for fact in facts)) or str(named.owner or "")
    stops = ", ".join(_each(fact.kill_authority for fact in facts)) or _people(named.decides.get("kill", ()))
    decides = [f"{what}: {_people(named.decides[what])}" for what in ("data", "security", "cost") if what in named.decides]
    rows = [_person("Who owns the result?", owner, found.get("organization.owner-active"))]
    rows.append(_person("Who can stop it?", stops, found.get("organization.can-be-stopped")))
    if SWITCH in found:
        rows.append(_checked("Does the off switch work?", found[SWITCH]))
    rows.append(_ending(facts, built=built))
    if wrong:
        rows.append(Row("Who decides?", State.NO, words.sentence(f"The file that names them is not valid: {wrong[0]}")))
    else:
        text = f"On {'; on '.join(decides)}." if decides else "Nobody is named."
        rows.append(Row("Who decides?", State.STATED if decides else State.NO, text, STATED if decides else ""))
    asked = (check for name, check in found.items() if name.startswith("organization.") and name not in _OF_PEOPLE)
    return (*rows, *(_checked(_LABELS.get(check.spec.id, f"{check.spec.title.capitalize()}?"), check) for check in asked))


def _ending(facts: tuple[OutcomeFacts, ...], *, built: bool) -> Row:
    """When it is ended: in the words of the project, which nothing here can judge."""
    told = _each(f"“{fact.kill_criterion}”" for fact in facts if fact.kill_criterion)
    if not told:
        return Row("When is it ended?", State.NO, "Nobody has written it down.")
    met = f" {' '.join(_each(fact.kill_met for fact in facts))}" if built else ""
    return Row("When is it ended?", State.STATED, f"{' or '.join(told)}.{met}", STATED)


def _each(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _people(people: Iterable[Person]) -> str:
    return ", ".join(str(person) for person in people)


def _person(label: str, name: str, check: CheckResult | None) -> Row:
    if check is None:
        return Row(label, State.STATED if name else State.NO, f"{name or 'Nobody is named'}.", STATED if name else "")
    row = _checked(label, check)
    return replace(row, text=f"{name}. {row.text}") if name and row.state is State.YES else row


def _checked(label: str, check: CheckResult) -> Row:
    """What a check says: its sentence where it holds; else its reason, which names people and days."""
    finding, state = check.finding, STATES[check.finding.outcome]
    untold = finding.outcome is not Outcome.HOLDS and finding.reason
    text = words.sentence(finding.reason) if untold else statement(check.spec.id, finding.outcome)
    return Row(label, state, text, word(check) if state in (State.YES, State.NO) else "")


def word(check: CheckResult) -> str:
    """Whose word a finding is; empty where nobody looked."""
    looked_up = check.spec.layer is None
    return words.word(check.finding.basis, check.evidence.witness.value, looked_up=looked_up) if check.evidence else ""


def who(*people: str) -> str:
    """People by their names, where they have one; the page is read, nobody writes to them from it."""
    return ", ".join(re.sub(r"\s*<[^<>]*>", "", person).strip() or person for person in people)


def statement(check: str, outcome: Outcome = Outcome.HOLDS) -> str:
    """What a check says by that outcome, as a plain sentence; one that is not ours is told by its title."""
    if check not in words.CHECKS:
        title = next((spec.title for spec in (*catalog.specs(), *catalog.ORGANIZATION) if spec.id == check), check)
        words_of = (f"{title[:1].upper()}{title[1:]}.", f"Not so: {title}.")
    else:
        words_of = words.CHECKS[check]
    if outcome is Outcome.FAILS:
        return words_of[1]
    return words_of[0] if outcome is Outcome.HOLDS else f"Not shown: {words_of[0][:1].lower()}{words_of[0][1:]}"


def trust(judged: Judged) -> tuple[str, ...]:
    """What is believed without having been seen: only stated, or the word of the judged party alone."""
    results = [*(check for layer in judged.verdict.layers for check in layer.checks), *judged.organization.checks]
    holding = [check for check in results if check.required and check.finding.outcome is Outcome.HOLDS and check.evidence]
    own = [check for check in holding if check.evidence and check.evidence.witness == "self"]
    found = []
    if own:
        whole = "Every" if len(own) == len(holding) else f"{len(own)} of {len(holding)}"
        found.append(f"{whole} test here is the team's own word: nobody else has repeated it." if whole == "Every" else
                     f"{whole} tests here are the team's own word: nobody else has repeated them.")  # fmt: skip
    found += [f"Only stated, never tried: {statement(check.spec.id)}" for check in holding if check.finding.basis is Basis.DECLARED]
    if judged.project.dirty:
        found.append("What was judged is not saved in the project's history yet, so nobody can look at exactly this version later.")
    if not judged.manifest.stakes_declared:
        found.append("How bad a mistake is was never stated; the mildest was assumed.")
    return (*found, "What was tested is listed in the record beside this page; nothing else was.", OWN_WORDS)


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
    """What stands in the way, in order, who removes it and by when as far as anybody has said."""
    owner = next((fact.owner for fact in facts if fact.owner), str(named.owner or ""))
    absent = owner if any(item.check == OWNER for item in approval.obstacles) else ""
    by = long_day(approval.until) if approval.until else ""
    found = []
    for item in approval.obstacles:
        decider = _people(named.decides.get(_DECIDES.get(item.area, ""), ()))
        does = "the organisation" if item.area in (gate.ORGANIZATION, "owner") else decider or owner or NOBODY
        if absent and does == absent:
            does = f"{does} (named, and not shown to take part)"
        detail = f"{item.text} ({item.command})" if item.command else item.text
        found.append(Step(_step(item), does, by, item.check, detail))
    return tuple(dict.fromkeys(found))


def _step(item: Obstacle) -> str:
    if item.area in gate.BUILD_ASKS:
        return words.sentence(item.text)
    if item.check and item.outcome is Outcome.FAILS:
        return f"Repair this: {_lower(statement(item.check, item.outcome))}"
    if item.check:
        return f"Show that {_lower(statement(item.check))}"
    if item.area == gate.ORGANIZATION or item.area in list(Layer):
        what = words.AREAS[item.area] if item.area == gate.ORGANIZATION else words.FOUNDATIONS[Layer(item.area)]
        untested = " This version of the tool has no test for it." if "no check" in item.text else ""
        return f"Show that {_lower(what)}{untested}"
    return words.sentence(item.text)


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"
