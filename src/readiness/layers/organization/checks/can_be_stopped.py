"""Somebody is named who can order the system to stop, and that person is here.

Proves: when the system does harm, one phone call ends it; nobody has to look for a committee.
Needed above: approving what nobody may stop hands the decision to the system.
Executed: the people under `kill` in authority.yaml and in each outcome are looked up among authors and reviewers as in
owner-active; one who was active in the 90 days before now is enough.
Cannot see: whether that person can be reached tonight, and whether the switch works (the check kill-switch-works pulls it).
Repair: name a person with an address under `kill` in authority.yaml, and let them review.
Source: "Who can order to put it down NOW if need be?"
"""

from __future__ import annotations

from readiness.layers.organization import looking, people
from readiness.layers.organization.people import Match
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.world.context import Context

ID = "organization.can-be-stopped"
EXPECTED = "a person who may stop it and is here"

Observed = looking.Looked
"""Who may stop the system, and what git knows of them."""


def observe(context: Context) -> Observed:
    """Reads who may stop the system and looks each of them up in the history."""
    return looking.look(context, people.stoppers)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Holds when at least one person who may stop it is active; only teams or unmatched handles are `unknown`."""
    if observed.problems:
        return looking.failing(ID, EXPECTED, observed.problems, looking.correct(observed.problems))
    if not observed.named and observed.unread:
        return no_finding(ID, "the outcome files cannot be read, so who may stop it is not known", Cause.NOT_EXERCISED)
    if not observed.named and not observed.production:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="it does not go to production, and nobody is named to stop it")
    if not observed.named:
        text = "nobody is named who may stop it"
        remedy = Remedy("name a person under `kill` in authority.yaml; this says who is named for what so far", "readiness init")
        return looking.failing(ID, EXPECTED, (Problem("kill", text),), remedy)
    if observed.unreadable:
        return no_finding(ID, f"whether {observed.named[0].person} is here cannot be told: {observed.unreadable}", Cause.NOT_EXERCISED)
    here = [named for named in observed.named if named.active(observed.now)]
    if here:
        return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, str(here[0].person), EXPECTED, here[0].told(observed.now))
    return _nobody(observed)


def _nobody(observed: Observed) -> Finding:
    first = observed.named[0]
    if observed.cut_off:
        reason = f"{first.told(observed.now)}, as far as this cut-off history goes"
        return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("", "git fetch --unshallow"))
    unclear = next((named for named in observed.named if named.match not in (Match.FOUND, Match.NOBODY)), None)
    if unclear is not None:
        remedy = Remedy("name one person with the address they commit or review with")
        return no_finding(ID, unclear.told(observed.now), Cause.CONFIGURATION, remedy)
    problems = tuple(Problem(f"{named.duty}: {named.person}", named.told(observed.now), named.location) for named in observed.named)
    text = f"let {first.person} review a change (`Reviewed-by:` in its commit), or name somebody who is here"
    return looking.failing(ID, EXPECTED, problems, Remedy(text, "git shortlog -sne --since=90.days"))
