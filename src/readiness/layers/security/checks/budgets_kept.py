"""Query budgets are kept: nobody is permitted more than the policy says, and a lower budget permits less.

Proves: who asks again and again, to copy a model or to drain an account, is stopped where the policy says.
Needed above: what is recorded and measured is the use that was meant, and not that of one client who asks for everything.
Executed: the demo runs with a receiver of OTLP/HTTP. Each answer of the policies on its spans (`readiness.authorization`, which
`authorize` of the SDK writes) is counted by principal and by policy with `@budget`, in every window of that length. Then it runs
once more with READINESS_BUDGET_MOST one below the largest number seen: the last request of that number must be refused.
Cannot see: requests that never ask the policies, those of days the demo does not last, and, since the demo is one machine, counts
that several machines keep each for itself.
Repair: `authorize(…)` before each query, from one process, or with READINESS_BUDGET_FILE from several.
Source: OWASP Top 10 for LLM Applications 2025, LLM10 (unbounded consumption) and model extraction through queries.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from readiness.formats.cedar import Policy as Rule
from readiness.formats.cedar import guards
from readiness.layers.security import counted, policies
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted as number
from readiness.sequence.wording import listed
from readiness.world import demo as demos
from readiness.world.context import Context
from readiness.world.demo import Run

ID = "security.budgets-kept"
MOST = "READINESS_BUDGET_MOST"
COMMAND = f"readiness check --only {ID}"


@dataclass(frozen=True, slots=True)
class Used:
    """A policy with a budget: the principal that was permitted most in one window, and how often; in the run as it is, and in
    the one with the lowered budget, where `drilled` is the largest number."""

    policy: str
    place: Location
    budget: str
    limit: int
    principals: int = 0
    busiest: str = ""
    most: int = 0
    drilled: int | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was permitted under each budget, and `lowered`, the budget of the second run; `cause` and `reason` say what was not seen."""

    demo: str = ""
    budgets: tuple[Used, ...] = ()
    lowered: int = 0
    cause: Cause = Cause.NONE
    reason: str = ""


def observe(context: Context) -> Observed:
    """Runs the demo, counts what was permitted, and runs it once more with less."""
    access = policies.gather(context.project, context.manifest)
    rules = [policy for policy in access.read.policies if guards.budget_of(policy) is not None]
    blank = tuple(_blank(policy) for policy in rules)
    demo, session = context.demo.demo, context.session
    if not rules or demo is None:
        return Observed("", blank, 0, Cause.NOT_EXERCISED, "no demo is declared and none was found")
    name = demos.name(demo)
    if session.blocked is not Cause.NONE:
        return Observed(name, blank, 0, session.blocked, session.why_blocked)
    first = context.demo.first
    if not first.ran.ok:
        return Observed(name, blank, 0, Cause.NOT_EXERCISED, "the demo did not run")
    used = tuple(_used(policy, first) for policy in rules)
    asked = [one.most for one in used if one.most]
    if not asked or any(one.most > one.limit for one in used):
        return Observed(name, used, 0, *_unseen(first))
    lowered = min(asked) - 1
    second = context.demo.under({MOST: str(lowered)}, "budget")
    drilled = tuple(replace(one, drilled=_used(policy, second).most) for policy, one in zip(rules, used, strict=True))
    cause, reason = _unseen(first)
    if cause is Cause.NONE and not counted.answers(second.watched):
        cause, reason = Cause.NOT_EXERCISED, f"with {MOST}={lowered} the demo left no answer of its policies on a span"
    return Observed(name, drilled, lowered, cause, reason)


def _blank(policy: Rule) -> Used:
    budget = guards.budget_of(policy)
    assert budget is not None, "callers look for it first"
    return Used(policy.id, Location(policy.file, policy.line), budget.text, budget.count)


def _used(policy: Rule, run: Run) -> Used:
    budget = guards.budget_of(policy)
    assert budget is not None, "callers look for it first"
    found = counted.allowed(counted.answers(run.watched), policy.id)
    by = {principal: counted.most(times, budget.window_s) for principal, times in found.items()}
    busiest = max(sorted(by), key=lambda principal: by[principal], default="")
    return replace(_blank(policy), principals=len(by), busiest=busiest, most=by.get(busiest, 0))


def _unseen(run: Run) -> tuple[Cause, str]:
    if run.watched.dropped:
        return Cause.NOT_EXERCISED, "the demo exported too much to keep, and not all of it was counted"
    if run.watched.grpc:
        return Cause.NOT_EXERCISED, "telemetry was sent by gRPC, which is not received here, and nothing in it was counted"
    return Cause.NONE, ""


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for every budget that somebody went beyond, in the run as it is or in the one with less."""
    if not observed.budgets:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="no policy has a @budget")
    problems = tuple(problem for used in observed.budgets if (problem := _problem(used, observed.lowered)) is not None)
    if problems:
        return _failing(problems)
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause, Remedy("let the demo run to its end", "readiness check"))
    silent = [used for used in observed.budgets if not used.most]
    if silent:
        names = listed(f"`{used.policy}` at {used.place.file}:{used.place.line}" for used in silent)
        remedy = Remedy("call readiness.authorize(…) before each query, and let the demo ask one that it permits", COMMAND)
        return no_finding(ID, f"the demo was seen to be permitted nothing by {names}", Cause.NOT_EXERCISED, remedy)
    text = "; ".join(f"{used.policy}: at most {used.most} of {used.budget} by {used.busiest}" for used in observed.budgets)
    said = f"{text}; no more than {observed.lowered} where that was the budget"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, "nobody is permitted more than the budget", said)


def _problem(used: Used, lowered: int) -> Problem | None:
    if used.most > used.limit:
        text = f"{used.busiest} was permitted {used.most} by `{used.policy}`, whose budget is {used.budget}"
        return Problem(used.policy, text, used.place)
    if used.drilled is not None and used.drilled > lowered:
        text = f"`{used.policy}` permitted {number(used.drilled, 'request')} of one principal where its budget was lowered to {lowered}"
        return Problem(used.policy, text, used.place)
    return None


def _failing(problems: tuple[Problem, ...]) -> Finding:
    first = problems[0]
    more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    remedy = Remedy("ask readiness.authorize(…) before each query; several processes count in one READINESS_BUDGET_FILE", COMMAND)
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.subject, "nobody is permitted more than the budget", f"{first.text}{more}",
        first.text, Cause.PROJECT, first.location, remedy, problems,
    )  # fmt: skip
