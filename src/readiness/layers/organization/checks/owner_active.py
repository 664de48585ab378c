"""The owner of every outcome is a person who exists and was active in the last 90 days.

Proves: somebody answers for the outcome today, and is no name left in a file.
Needed above: a project whose owner is gone is approved into nobody's hands.
Executed: the owners named in the outcomes (else in authority.yaml, catalog-info.yaml, CODEOWNERS) are looked up among the
authors of commits and the reviewers in trailers (`Reviewed-by`, `Approved-by`, `Acked-by`, `Signed-off-by`), by address,
handle or full name, through `.mailmap`. Active means an authored or reviewed commit in the 90 days before now, whatever the
age of the newest commit; of a commit's two dates the earlier counts.
Cannot see: reviews that leave no trailer, teams behind a handle (`unknown`), work outside the repository, a CODEOWNERS above
the project's folder.
Repair: let the owner review a change, with a `Reviewed-by:` line in its commit, or name who owns it now.
Source: "Who owns the outcome? Not the technology, the business outcome."
"""

from __future__ import annotations

from readiness.layers.organization import looking, people
from readiness.layers.organization.people import Match, Named
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.world.context import Context

ID = "organization.owner-active"
EXPECTED = f"an owner who was active in the last {people.ACTIVE_DAYS} days"

Observed = looking.Looked
"""The owners named, and what git knows of them."""


def observe(context: Context) -> Observed:
    """Reads who is named and looks each of them up in the history."""
    return looking.look(context, people.owners)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Holds when every owner of an outcome is active; a team or an unmatched handle is `unknown`, nobody at all fails."""
    if observed.problems:
        return looking.failing(ID, EXPECTED, observed.problems, looking.correct(observed.problems))
    if not observed.named and observed.unread:
        return no_finding(ID, "the outcome files cannot be read, so their owners are not known", Cause.NOT_EXERCISED)
    if not observed.named and not observed.production:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="only what goes to production needs an owner, and none is named")
    if not observed.named:
        text = "nobody is named who owns the outcome"
        remedy = Remedy("name one person: `owner` in outcomes/<id>.yaml; this says who is named for what so far", "readiness init")
        return looking.failing(ID, EXPECTED, (Problem("owner", text),), remedy)
    if observed.unreadable:
        return no_finding(ID, f"whether {observed.named[0].person} is active cannot be told: {observed.unreadable}", Cause.NOT_EXERCISED)
    idle = [named for named in observed.named if not named.active(observed.now)]
    if not idle or (not observed.by_outcome and len(idle) < len(observed.named)):
        shown = [named.told(observed.now) for named in observed.named if named.active(observed.now)]
        return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, str(observed.named[0].person), EXPECTED, "; ".join(shown[:2]))
    return _idle(observed, idle)


def _idle(observed: Observed, idle: list[Named]) -> Finding:
    gone = [named for named in idle if named.match in (Match.FOUND, Match.NOBODY)]
    open_questions = [named for named in idle if named not in gone]
    first = (open_questions or gone)[0]
    if observed.cut_off:
        return no_finding(
            ID, f"{first.told(observed.now)}, as far as this cut-off history goes", Cause.NOT_EXERCISED, Remedy("", "git fetch --unshallow")
        )
    if gone and (observed.by_outcome or not open_questions):
        problems = tuple(Problem(f"{named.duty}: {named.person}", named.told(observed.now), named.location) for named in gone)
        text = f"let {gone[0].person} review a change (`Reviewed-by:` in its commit), or name who owns the outcome now"
        return looking.failing(ID, EXPECTED, problems, Remedy(text, "git shortlog -sne --since=90.days"))
    return no_finding(
        ID, first.told(observed.now), Cause.CONFIGURATION, Remedy("name one person with the address they commit or review with")
    )
