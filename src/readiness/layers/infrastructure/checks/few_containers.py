"""The whole system fits in a few containers: three at the most.

Proves: what is to be thrown away is small enough to be thrown away.
Needed above: a prototype skips the sequence, which is only cheap while nobody would miss what it is made of.
Executed: containers are counted as the project's own files say: the services of its compose files with their copies
(variants and overrides together with the file they vary), the workloads of its Kubernetes manifests with their pods, else
its Dockerfiles. Where no file names a container, the demo is counted as it is run here: one process, and its database.
Cannot see: what is started by hand or by a template that is not filled in here, services that are rented, a compose
file elsewhere.
Repair: leave out what the hypothesis does not need, or take the project to production.
Source: "Throwaway prototypes ... and the entire system fits in a few containers"; that three are few is our own choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from readiness.layers.infrastructure import containers
from readiness.layers.infrastructure.containers import Count
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.world import demo as demos
from readiness.world.context import Context

ID = "infrastructure.few-containers"
FEW: Final = 3
_EXPECTED: Final = f"{FEW} containers at the most"


@dataclass(frozen=True, slots=True)
class Observed:
    """What the files say, and the demo with how many processes of ours it takes; `demo` is empty without one."""

    count: Count
    demo: str = ""
    processes: int = 0


def observe(context: Context) -> Observed:
    """Counts in the files of the project; nothing is started."""
    demo = context.demo.demo
    name = demos.name(demo) if demo is not None else ""
    return Observed(containers.count(context.project), name, 0 if demo is None else 1 + ("postgres" in demo.needs))


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where more than three are sure; `unknown` where it could be more and nothing says so."""
    count = observed.count
    if not count.files and not count.doubt:
        if not observed.demo:
            return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="no file names a container, and there is no demo")
        beside = " and a database" if observed.processes > 1 else ""
        text = f"{count.source}; the demo is one process{beside}"
        return Finding(ID, Outcome.HOLDS, Basis.OBSERVED, observed.demo, _EXPECTED, text)
    if count.least > FEW:
        return _fails(count)
    if count.most is None or count.most > FEW:
        reason = f"how many containers it is made of is not known: {count.doubt}"
        return no_finding(
            ID, reason, Cause.NOT_EXERCISED, Remedy("name every container of it in one compose file", "docker compose config")
        )
    return Finding(ID, Outcome.HOLDS, Basis.OBSERVED, count.files[0], _EXPECTED, f"{count.source}, {FEW} at most are few")


def _fails(count: Count) -> Finding:
    reason = f"{count.source}, and {FEW} at most are few"
    problem = Problem("containers", reason, Location(count.files[0]))
    remedy = Remedy("leave out what the hypothesis does not need, or take the project to production", "readiness mode production")
    return Finding(
        ID,
        Outcome.FAILS,
        Basis.OBSERVED,
        count.files[0],
        _EXPECTED,
        count.source,
        reason,
        Cause.PROJECT,
        problem.location,
        remedy,
        (problem,),
    )
