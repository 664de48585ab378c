"""Every module and entry point of the project starts.

Proves: the packages that were installed are the ones the code needs, at versions it can live with.
Needed above: a policy, a contract or a trace of code that does not start says nothing.
Executed: each module is imported in the environment the project's procedure filled, without network, each failure
repeated in a process of its own; console scripts run with --help. A guard that asks for a key is given the documented
or a dummy one and tried again.
Cannot see: what happens after the import; that is the demo's and the tests' business.
Repair: pin what drifted (the reason names it), declare what is imported and missing.
Source: of 14 public applications five did not start, three of them only below the top level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.layers.infrastructure import blame, notebooks, starting
from readiness.layers.infrastructure.evidence import Started
from readiness.layers.infrastructure.pinning import Drift, drift
from readiness.layers.infrastructure.starting import STILL_RUNNING
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import agreeing, counted
from readiness.world import record
from readiness.world.context import Context

ID = "infrastructure.starts"


@dataclass(frozen=True, slots=True)
class Observed:
    """What started and what did not; `blocked` says why nothing could be tried, `drift` what the lock leaves free.

    `owners` says which package brings each module that a failure is about.
    """

    started: tuple[Started, ...]
    blocked: Cause = Cause.NONE
    why_blocked: str = ""
    drift: Drift | None = None
    notes: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    has_demo: bool = False


def observe(context: Context) -> Observed:
    """Starts every module and console script; notebooks where the project consists of nothing else."""
    if context.session.blocked is not Cause.NONE:
        return Observed((), context.session.blocked, context.session.why_blocked)
    outcome = starting.start(context)
    started = outcome.started or notebooks.start(context)
    about = {name for item in started if item.cause is Cause.PROJECT for name in (item.suspect, item.raised_in) if name}
    owners = record.owners(context.session.first.path, about)
    return Observed(started, Cause.NONE, "", drift(context), outcome.notes, owners, context.manifest.demo is not None)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails when a module of the product does not start for a reason of its own; any other reason is `unknown`."""
    if observed.blocked is not Cause.NONE:
        return no_finding(ID, observed.why_blocked, observed.blocked)
    product = [item for item in observed.started if not item.aside]
    if not product:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="there is nothing to start")
    broken = [item for item in product if item.cause is Cause.PROJECT]
    unclear = [item for item in product if item.cause not in (Cause.NONE, Cause.PROJECT, Cause.NOT_EXERCISED)]
    silent = [item for item in product if item.cause is Cause.NOT_EXERCISED]
    notes = (*observed.notes, *_notes(observed.started, silent))
    if broken:
        return _fails(observed, product, broken, notes)
    fine = len(product) - len(unclear) - len(silent)
    if unclear or not fine:
        worst = (unclear or silent)[0]
        text = f"{fine} of {len(product)} {agreeing(fine, 'starts', 'start')}"
        notes = tuple(note for note in notes if not note.endswith(f": {worst.subject} {worst.reason}"))  # it is the reason
        return Finding(
            ID, Outcome.UNKNOWN, Basis.EXECUTED, worst.subject, "all start", text, f"{worst.subject} {worst.cause}: {worst.reason}",
            worst.cause, worst.location, _unclear_remedy(worst, has_demo=observed.has_demo), notes=notes,
        )  # fmt: skip
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed=_count(fine, product), notes=notes)


def _count(fine: int, product: list[Started]) -> str:
    scripts = sum(item.subject.startswith("script ") for item in product)
    books = sum(item.subject.endswith(".ipynb") for item in product)
    parts = [(fine - scripts - books, "module"), (scripts, "script"), (books, "notebook")]
    return " and ".join(counted(count, word) for count, word in parts if count > 0)


def _fails(observed: Observed, product: list[Started], broken: list[Started], notes: tuple[str, ...]) -> Finding:
    first = broken[0]
    reasons = list(dict.fromkeys(item.reason for item in broken))
    more = f" (and {counted(len(reasons) - 1, 'other reason')})" if len(reasons) > 1 else ""
    text = f"{len(broken)} of {len(product)} {agreeing(len(broken), 'fails', 'fail')}: {reasons[0]}{more}"
    problems = tuple(Problem(item.subject, item.reason, item.location) for item in broken)
    why, remedy = blame.why(first, observed.drift, observed.owners)
    return Finding(
        ID,
        Outcome.FAILS,
        Basis.EXECUTED,
        first.subject,
        "all start",
        text,
        why,
        Cause.PROJECT,
        first.location,
        remedy,
        problems,
        notes,
    )


def _notes(started: tuple[Started, ...], silent: list[Started]) -> list[str]:
    aside = [item for item in started if item.aside and item.cause is Cause.PROJECT]
    dummies = sum(bool(item.note) and not item.aside for item in started)
    said = [item for item in started if item.said and not item.aside]
    notes = []
    if silent:
        notes.append(f"{len(silent)} not exercised: {silent[0].subject} {silent[0].reason}")
    if said:
        notes.append(f"the last that {said[0].subject} said: {said[0].said}")
    if aside:
        notes.append(f"beside the product {len(aside)} {agreeing(len(aside), 'fails', 'fail')}: {aside[0].subject}: {aside[0].reason}")
    if dummies:
        notes.append(f"{dummies} started with dummy settings")
    return notes


def _unclear_remedy(item: Started, *, has_demo: bool) -> Remedy:
    texts = {
        Cause.SERVICE: Remedy("import without connecting, so that a module starts before its service does"),
        Cause.NETWORK: Remedy("import without downloading, or ship what is downloaded"),
        Cause.FILE: Remedy("put the file into the repository, or what makes it into setup of [demo], beside the demo's command"),
        Cause.SYSTEM: Remedy("install what is missing on this machine, then check again", "readiness check"),
    }
    if item.cause is Cause.CONFIGURATION:
        return _settings_remedy(item, has_demo=has_demo)
    if item.reason == STILL_RUNNING:
        return Remedy('move what takes long out of the import: into a function, or below `if __name__ == "__main__"`')
    if item.cause is Cause.NOT_EXERCISED:
        return Remedy("give the product a module that starts here, or leave this one out with skip_modules in [infrastructure]")
    return texts.get(item.cause, Remedy("try it again", f"readiness check --only {ID} --again"))


def _settings_remedy(item: Started, *, has_demo: bool) -> Remedy:
    """What gives a module its settings: values of example files and of the demo are the ones it is started with."""
    name = item.variables[0] if item.variables else ""
    if has_demo:
        return Remedy(f"give {name or 'what it asks for'} a value that will do in env of [demo]")
    return Remedy(f"give {name or 'what it asks for'} an example value that will do in .env.example: modules are started with it")
