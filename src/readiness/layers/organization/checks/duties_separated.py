"""Who owns the outcome, who builds the system and who may stop it are not one and the same person.

Proves: somebody other than its author can judge the system and end it.
Needed above: who gains by a success is the last to declare a failure.
Executed: the builder is who authored most commits to the components in the last year (programs left out); owner and kill
authority are those named, looked up through `.mailmap`, where one address or one full name is one person. Fails where one
person is all three; where being wrong costs regulation or safety, all three must be different people.
Cannot see: who decides without committing, two people under one name, one person under two.
Repair: give the kill authority to somebody who neither owns nor builds it.
Source: "Who gets promoted if this succeeds? Who gets blamed if it fails? Who can order to put it down NOW if need be?"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.layers.organization import looking, people
from readiness.layers.organization.people import Match
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.mode import Mode
from readiness.sequence.stakes import Policy, Stakes
from readiness.sequence.verdict import no_finding
from readiness.world import history
from readiness.world.context import Context

ID = "organization.duties-separated"


@dataclass(frozen=True, slots=True)
class Observed:
    """One key per person for each duty, so that the same person has the same key; `names` shows them to people."""

    production: bool
    named: bool = False
    owners: frozenset[str] = frozenset()
    builders: frozenset[str] = frozenset()
    stoppers: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    unclear: str = ""
    problems: tuple[Problem, ...] = ()
    cut_off: bool = False
    unreadable: str = ""


def observe(context: Context) -> Observed:
    """Looks up owners, builders and kill authorities as people."""
    production = context.manifest.mode.mode is Mode.PRODUCTION
    found = people.files(context.project, context.manifest.measurement.outcomes)
    if reason := people.unreadable(context):
        return Observed(production, bool(people.owners(found, ())), problems=found.problems, unreadable=reason)
    known = people.known(context, found)
    owners, stoppers = people.owners(found, known), people.stoppers(found, known)
    vague = [named for named in (*owners, *stoppers) if named.match in (Match.TEAM, Match.UNMATCHED, Match.AMBIGUOUS)]
    most = max((person.wrote_inside for person in known), default=0)
    builders = {person.key: str(person) for person in known if person.wrote_inside == most and most}
    return Observed(
        production,
        named=bool(owners or stoppers),
        owners=frozenset(item.key for item in owners),
        builders=frozenset(builders),
        stoppers=frozenset(item.key for item in stoppers),
        names={item.key: item.shown for item in (*owners, *stoppers)} | builders,
        unclear=vague[0].told(context.now) if vague else "",
        problems=found.problems,
        cut_off=history.cut_off(context.project),
    )


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where one person holds all three duties, or any two of them at the gravest stakes."""
    strict = policy.stakes.rank >= Stakes.REGULATION.rank
    expected = "three different people" if strict else "not one person in all three duties"
    if observed.problems:
        return looking.failing(ID, expected, observed.problems, looking.correct(observed.problems))
    if not observed.named and not observed.production:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="it does not go to production, and nobody is named")
    if reason := _untold(observed):
        return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("name owner and kill authority as people, with their addresses"))
    overlaps = _overlaps(observed) if strict else _one_person(observed)
    if overlaps:
        return _fails(expected, tuple(Problem(text, text) for text in overlaps))
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, "owner, builder, kill authority", expected, _shown(observed))


def _untold(observed: Observed) -> str:
    if observed.unreadable:
        return f"who builds it cannot be told: {observed.unreadable}"
    if observed.cut_off:
        return "who builds it cannot be told: the history was cut off when the repository was cloned"
    if observed.unclear:
        return observed.unclear
    for who, text in (
        (observed.owners, "owns the outcome"),
        (observed.stoppers, "may stop it"),
        (observed.builders, "built it in the last year"),
    ):
        if not who:
            return f"nobody is known who {text}"
    return ""


def _one_person(observed: Observed) -> list[str]:
    everybody = observed.owners | observed.builders | observed.stoppers
    if len(everybody) > 1:
        return []
    return [f"{observed.names[next(iter(everybody))]} owns the outcome, builds the system and is the one who may stop it"]


def _overlaps(observed: Observed) -> list[str]:
    pairs = (
        (observed.owners & observed.builders, "both owns the outcome and builds the system"),
        (observed.owners & observed.stoppers, "both owns the outcome and is to stop the system"),
        (observed.builders & observed.stoppers, "both builds the system and is to stop it"),
    )
    return [f"{observed.names[key]} {text}" for both, text in pairs for key in sorted(both)]


def _shown(observed: Observed) -> str:
    owner, builder, stopper = (
        ", ".join(sorted(observed.names[key] for key in who)[:2]) for who in (observed.owners, observed.builders, observed.stoppers)
    )
    return f"{owner} owns it, {builder} builds it, {stopper} may stop it"


def _fails(expected: str, problems: tuple[Problem, ...]) -> Finding:
    first = problems[0]
    text = "give the kill authority to somebody who neither owns nor builds it: `kill` in authority.yaml"
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, "owner, builder, kill authority", expected, first.text, first.text, Cause.PROJECT,
        first.location, Remedy(text, "git shortlog -sne --since=90.days"), problems,
    )  # fmt: skip
