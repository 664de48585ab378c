"""The access policies of the project say what they mean: valid, named, without contradiction, and they decide.

Proves: who may do what is decided by policies that the engine evaluates, none of them skipped, dead or doubled.
Needed above: contracts and decisions are only as protected as the policy that guards them; it must decide something.
Executed: each Cedar policy is read and held against the schema by the policy engine; what the schema makes impossible is
proven by its validator; then generated requests, every type of principal with every action and type of resource, with the entities of
`entities.json` beside the policies or else ones made from the schema, are decided, and no policy may err.
Cannot see: whether the policy is the one that was meant, whether the application asks it at all, and rules that lie in
code; a policy that no generated request met is named, not blamed.
Repair: `readiness access lint` says every fault with its line and what was probably meant.
Source: a policy that errs at run time is skipped by the engine, so that a typing mistake in a `forbid` forbids nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.errors import CannotJudge
from readiness.formats import cedar
from readiness.formats.cedar import Fault
from readiness.formats.cedar.deciding import Request
from readiness.layers.security import contradictions, exercise, policies
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.world.context import Context

ID = "security.policy-valid"
LINT = "readiness access lint"


@dataclass(frozen=True, slots=True)
class Observed:
    """What the policies are and what is wrong with them; `asked` requests were decided, `allowed` of them allowed.

    `silent` says of policies that nothing met them, `trouble` why the engine could not be asked.
    """

    files: tuple[str, ...] = ()
    policies: int = 0
    faults: tuple[Fault, ...] = ()
    asked: int = 0
    allowed: int = 0
    silent: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    trouble: str = ""


def observe(context: Context) -> Observed:
    """Reads the policies, proves what can be proven of them, and asks the engine."""
    globs = context.manifest.security.policies
    access = policies.gather(context.project, context.manifest)
    if access.none:
        return Observed(elsewhere=access.elsewhere if globs else (), globs=globs)
    files = (*access.policy_files, *access.schema.files)
    templates = tuple(_named(policy) for policy in access.read.policies if policy.template)
    faults = [*access.faults, *contradictions.find(access.sound, access.schema)]
    count = len(access.read.policies)
    live = [policy for policy in access.sound if not policy.template]
    if not live:
        return Observed(files, count, tuple(faults), templates=templates, globs=globs)
    try:
        told = exercise.exercise(live, access.schema, access.entities)
    except CannotJudge as error:
        return Observed(files, count, tuple(faults), templates=templates, globs=globs, trouble=error.message)
    faults += [_erred(*item) for item in told.erred]
    blamed = {fault.policy for fault in faults}
    silent = [f"{_named(policy)} met none of the {told.asked} requests" for policy in told.silent if policy.id not in blamed]
    silent += [f"{_named(policy)} was overruled each time it matched" for policy in told.overruled if policy.id not in blamed]
    return Observed(files, count, tuple(faults), told.asked, told.allowed, tuple(silent), templates, (), globs)


def _named(policy: cedar.Policy) -> str:
    return f"`{policy.id}` at {policy.place}"


def _erred(policy: cedar.Policy, request: Request, text: str) -> Fault:
    return Fault(policy.file, policy.line, f"errs at run time, and is skipped: {text}, asked {request}", policy.id)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Holds where every policy is sound and was asked; what is longer than is read here is `unknown`."""
    if not observed.files:
        return _none(observed)
    notes = (*observed.silent, *(f"the template {item} decides nothing until it is linked" for item in observed.templates))
    ours = [fault for fault in observed.faults if not fault.limit]
    if ours:
        return _fails(observed, ours, notes)
    if observed.faults or observed.trouble:
        reason = str(observed.faults[0]) if observed.faults else observed.trouble
        return no_finding(ID, reason, Cause.TOOL, Remedy("divide it, or write it in Cedar's notation", LINT))
    if not observed.asked:
        return no_finding(ID, "the policies could be asked nothing", Cause.NOT_EXERCISED, Remedy("let an action apply to something", LINT))
    plural = "policies hold" if observed.policies != 1 else "policy holds"
    text = f"{observed.policies} {plural} against the schema; {observed.asked} requests asked, {observed.allowed} allowed"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.files[0], "every policy is valid and decides", text, notes=notes)


def _none(observed: Observed) -> Finding:
    if not observed.elsewhere:
        globs = ", ".join(observed.globs)
        reason = f"no file matches {globs}" if globs else "the manifest names no policies"
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason=reason)
    reason = f"{observed.elsewhere[0]} is Cedar, and no glob under `policies` of [security] names it"
    glob = observed.elsewhere[0].rpartition("/")[0]
    remedy = Remedy(f'name them: policies = ["{glob + "/" if glob else ""}*.cedar*"] in [security]', LINT)
    return no_finding(ID, reason, Cause.CONFIGURATION, remedy)


def _fails(observed: Observed, faults: list[Fault], notes: tuple[str, ...]) -> Finding:
    problems = tuple(Problem(_subject(fault), fault.said, Location(fault.file, fault.line)) for fault in faults)
    first = problems[0]
    more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.subject, "every policy is valid and decides", f"{first.text}{more}",
        first.text, Cause.PROJECT, first.location, Remedy("correct what it names", LINT), problems, notes,
    )  # fmt: skip


def _subject(fault: Fault) -> str:
    """What a waiver would name: the policy, and the fault without its place, so that a moved line is no new fault."""
    return f"{fault.policy or fault.file}: {fault.text}"
