"""Query budgets are kept: nobody is permitted more than the policy says, and a lower budget permits less.

Proves: who asks again and again, to copy a model or to drain an account, is stopped where the policy says.
Needed above: what is recorded and measured is the use that was meant, and not that of one client who asks for everything.
Executed: the demo runs with a receiver of OTLP/HTTP. Each answer of the policies on its spans (`readiness.authorization`, which
`authorize` of the SDK writes) is counted by principal and by policy with `@budget`, in every window of that length. Then it runs
once more for each such policy, with that budget alone lowered to one below the largest number seen (READINESS_BUDGET_MOST): the
last request of that number must be refused.
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
SPENT = "budget spent"
DRILLS = 4
"""How many runs of the demo this may cost; a policy beyond that is counted, and a note says so."""
COMMAND = f"readiness check --only {ID}"


@dataclass(frozen=True, slots=True)
class Drilled:
    """A run with a budget lowered to `lowered`: the largest number permitted to one principal, whether it was seen to refuse."""

    lowered: int
    most: int
    refused: bool

    @property
    def shown(self) -> bool:
        """Whether the lower budget was reached and kept; a run that never came that far shows nothing."""
        return self.most <= self.lowered and (self.refused or self.most == self.lowered > 0)


@dataclass(frozen=True, slots=True)
class Used:
    """A policy with a budget: the principal that was permitted most in one window, how often, and the run with less."""

    policy: str
    place: Location
    budget: str
    limit: int
    busiest: str = ""
    most: int = 0
    drilled: Drilled | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was permitted under each budget; `cause` and `reason` say what was not seen."""

    demo: str = ""
    budgets: tuple[Used, ...] = ()
    cause: Cause = Cause.NONE
    reason: str = ""


def observe(context: Context) -> Observed:
    """Runs the demo, counts what was permitted, and runs it again with less."""
    access = policies.gather(context.project, context.manifest)
    rules = [policy for policy in access.read.policies if guards.budget_of(policy) is not None]
    blank = tuple(_blank(policy) for policy in rules)
    demo, session = context.demo.demo, context.session
    if not rules or demo is None:
        return Observed("", blank, Cause.NOT_EXERCISED, "no demo is declared and none was found")
    name = demos.name(demo)
    if session.blocked is not Cause.NONE:
        return Observed(name, blank, session.blocked, session.why_blocked)
    first = context.demo.first
    if not first.ran.ok:
        return Observed(name, blank, Cause.NOT_EXERCISED, "the demo did not run")
    used = [_used(policy, first) for policy in rules]
    if all(one.most <= one.limit for one in used):
        asked = [index for index, one in enumerate(used) if one.most and "\0" not in one.policy]
        for index in asked[:DRILLS]:
            used[index] = replace(used[index], drilled=_drilled(context, rules[index], used[index].most - 1, f"budget{index}"))
    return Observed(name, tuple(used), *_unseen(first))


def _drilled(context: Context, policy: Rule, lowered: int, label: str) -> Drilled:
    run = context.demo.under({MOST: f"{policy.id}={lowered}"}, label)
    refused = any(answer.reason == SPENT and policy.id in answer.policies for answer in counted.answers(run.watched))
    return Drilled(lowered, _used(policy, run).most, refused)


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
    return replace(_blank(policy), busiest=busiest, most=by.get(busiest, 0))


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
    problems = tuple(problem for used in observed.budgets if (problem := _problem(used)) is not None)
    if problems:
        return _failing(problems)
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause, Remedy("let the demo run to its end", "readiness check"))
    silent = [used for used in observed.budgets if not used.most]
    if silent:
        remedy = Remedy("call readiness.authorize(…) before each query, and let the demo ask one that it permits", COMMAND)
        return no_finding(ID, f"the demo was seen to be permitted nothing by {_listed(silent)}", Cause.NOT_EXERCISED, remedy)
    unshown = [used for used in observed.budgets if used.drilled is not None and not used.drilled.shown]
    if unshown:
        remedy = Remedy("let the demo ask the same each time, and more than once under each budget", COMMAND)
        return no_finding(ID, f"a lower budget was not seen to refuse under {_listed(unshown)}", Cause.NOT_EXERCISED, remedy)
    text = "; ".join(f"{used.policy}: at most {used.most} of {used.budget} by one, {_least(used)}" for used in observed.budgets)
    notes = tuple(f"{used.policy} was counted, and not tried with less" for used in observed.budgets if used.drilled is None)
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, "nobody is permitted more than the budget", text, notes=notes)


def _listed(found: list[Used]) -> str:
    return listed(f"`{used.policy}` at {used.place.file}:{used.place.line}" for used in found)


def _least(used: Used) -> str:
    return f"and {used.drilled.most} of {used.drilled.lowered}" if used.drilled is not None else "not tried with less"


def _problem(used: Used) -> Problem | None:
    if used.most > used.limit:
        text = f"{used.busiest} was permitted {used.most} by `{used.policy}`, whose budget is {used.budget}"
        return Problem(used.policy, text, used.place)
    if used.drilled is not None and used.drilled.most > used.drilled.lowered:
        asked = number(used.drilled.most, "request")
        text = f"`{used.policy}` permitted {asked} of one principal where its budget was lowered to {used.drilled.lowered}"
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
