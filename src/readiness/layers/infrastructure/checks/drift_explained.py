"""What is live is what is declared, and every difference is accepted by somebody.

Proves: the environment that is running is the one that the repository would make.
Needed above: a verdict on declared code says nothing of a system that is made of other things.
Executed: where something is live here, it is compared with its declaration: `terraform plan` (or tofu) on the state beside a
configuration, without network and with the providers that are installed; each package of the project's own `.venv` with
the lock and with the record it shipped; running containers with the compose files; the names in `.env` with those asked for.
Cannot see: what runs on other machines, a state that lies elsewhere, values of variables and of sensitive attributes.
Repair: apply what is declared, declare what is live, or waive the difference with a reason and an end.
Source: Morris, Infrastructure as Code, 2020, on configuration drift; terraform's `-detailed-exitcode`.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.layers.infrastructure import live
from readiness.layers.infrastructure.evidence import Part
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.world.context import Context

ID = "infrastructure.drift-explained"


@dataclass(frozen=True, slots=True)
class Observed:
    """Every comparison of something live with its declaration; `past` says that the state judged is one of history."""

    parts: tuple[Part, ...] = ()
    past: bool = False


def observe(context: Context) -> Observed:
    """Compares whatever is live in the project's folder; nothing is live of a state that was taken out of history."""
    if context.project.home != context.project.root:
        return Observed(past=True)
    with context.session.progress("comparing what is live with what is declared"):
        return Observed(tuple(live.parts(context)))


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails on any difference; unknown where something live could not be compared; not applicable where nothing is live."""
    made = [part for part in observed.parts if part.compared]
    if not made:
        absent = [part.absent for part in observed.parts if part.absent]
        reason = "a past state has nothing live" if observed.past else "; ".join(absent) or "nothing is declared that could be live here"
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason=reason)
    notes = tuple(part.note for part in made if part.note) + tuple(part.absent for part in observed.parts if part.absent)
    problems = tuple(problem for part in made for problem in part.problems)
    expected = "what is live is what is declared"
    subject = "what is live"
    basis = Basis.EXECUTED if any(part.executed for part in made) else Basis.OBSERVED
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        text = "apply what is declared, or declare what is live; what has to stay for now can be waived with a reason"
        remedy = Remedy(text, _command(problems[0]))
        return Finding(ID, Outcome.FAILS, basis, subject, expected, f"{problems[0].text}{more}", problems[0].text, Cause.PROJECT,
                       problems[0].location, remedy, problems, notes)  # fmt: skip
    undecided = next((part for part in made if part.cause is not Cause.NONE), None)
    if undecided is not None:
        return Finding(ID, Outcome.UNKNOWN, basis, subject, expected, undecided.reason, undecided.reason, undecided.cause,
                       remedy=Remedy("check where it is live, with what is needed to ask it", "readiness check --only drift-explained"),
                       notes=notes)  # fmt: skip
    text = "; ".join(part.compared for part in made)
    return Finding(ID, Outcome.HOLDS, basis, subject, expected, f"no drift: {text}", notes=notes)


def _command(problem: Problem) -> str:
    """What shows or ends a difference, by what it is about."""
    if problem.subject.startswith("service "):
        return f"docker compose up -d {problem.subject.removeprefix('service ')}"
    if problem.subject.startswith(".env: ") and problem.location is not None:
        return f"sed -n {problem.location.line}p {problem.location.file}"
    return f"readiness check --only {ID} --again"
