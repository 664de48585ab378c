"""The system shares no database role, network, volume or secret with its neighbours.

Proves: what goes wrong in a hack made under pressure stays in it.
Needed above: a crisis skips the sequence, which is only bearable while the blast radius is the system itself.
Executed: the compose files of the repository are read, the project's own against those of its neighbours (services that
are built outside its `components`, and other compose files): networks and volumes that are external or used by both, the
host's network and spaces, folders of the host outside the project, settings files, secrets and names of secrets given to
both, the role in the address of a database when two different programs take it. In Terraform, what is looked up
instead of made (`data` of a network, a role, a volume, a secret) is somebody else's.
Cannot see: what the repository does not show, which is `unknown` and named: variables nothing sets, secrets made
elsewhere, modules, Kubernetes; and neighbours that lie in other repositories, values that are equal under two names.
Repair: give it a compose project, a role and keys of its own.
Source: "isolate the blast radius. Deploy it separately".
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from shlex import quote
from typing import Final

from readiness.layers.security import deployed, isolation
from readiness.layers.security.isolation import Aspect, Share
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.world.context import Context

ID = "security.isolated"
_EXPECTED: Final = "no role, network, volume or secret shared with a neighbour"


@dataclass(frozen=True, slots=True)
class Observed:
    """What is shared, and what may be; who the services and their neighbours are. `runs` says that there is something to isolate."""

    runs: bool
    shares: tuple[Share, ...] = ()
    ours: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()


def observe(context: Context) -> Observed:
    """Reads what the repository says about the deployment of the project and of what is beside it."""
    found = deployed.look(context)
    runs = found.code or bool(found.ours or found.blocks or found.elsewhere)
    folder = context.project.folder if context.project.whole is not None else "."
    shares = tuple(replace(item, location=_inside(item.location, folder)) for item in isolation.shares(found))
    ours = tuple(item.name for item in found.ours) or tuple(sorted({block.file for block in found.blocks}))
    return Observed(runs, shares, ours, tuple(item.name for item in found.neighbours))


def _inside(place: Location | None, folder: str) -> Location | None:
    """A place of the repository as the project names it."""
    if place is None or folder == ".":
        return place
    return Location(posixpath.relpath(place.file, folder), place.line)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for everything that is seen to be shared; `unknown` where something is not shown."""
    if not observed.runs:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="there is nothing here that could be deployed")
    shared = [item for item in observed.shares if not item.open]
    hidden = [item for item in observed.shares if item.open]
    notes = tuple(f"not shown: {item.text}" for item in hidden[:3]) if shared else ()
    if shared:
        return _fails(shared, notes)
    if hidden:
        return _unknown(hidden)
    beside = f"{len(observed.neighbours)} neighbours in the repository" if observed.neighbours else "no neighbour in the repository"
    text = f"{', '.join(observed.ours[:3])}: no role, network, volume or secret is shared; {beside}"
    return Finding(ID, Outcome.HOLDS, Basis.OBSERVED, observed.ours[0] if observed.ours else "", _EXPECTED, text)


def _fails(shared: list[Share], notes: tuple[str, ...]) -> Finding:
    problems = tuple(Problem(f"{item.aspect}: {item.subject}", item.text, item.location) for item in shared)
    first = problems[0]
    remedies = {
        Aspect.ROLE: "give it a database role of its own, with the rights it needs and no more",
        Aspect.NETWORK: "give it a compose project of its own, with its own network",
        Aspect.VOLUME: "give it a volume of its own, and copy into it what it needs",
        Aspect.SECRET: "give it keys of its own, under names of its own",
    }
    more = f" (and {len(shared) - 1} more)" if len(shared) > 1 else ""
    return Finding(
        ID, Outcome.FAILS, Basis.OBSERVED, first.subject, _EXPECTED, f"{first.text}{more}", first.text, Cause.PROJECT, first.location,
        Remedy(remedies[shared[0].aspect], _resolved(first.location)), problems, notes,
    )  # fmt: skip


def _resolved(place: Location | None) -> str:
    """The command that shows what a compose file comes to."""
    return f"docker compose -f {quote(place.file)} config" if place is not None and place.file.endswith((".yaml", ".yml")) else ""


def _unknown(hidden: list[Share]) -> Finding:
    aspects = ", ".join(dict.fromkeys(item.aspect.value for item in hidden))
    reasons = list(dict.fromkeys(item.text for item in hidden))
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    remedy = Remedy(
        "let a compose file in its folder say what it runs with; the role may stand in it, and the password may not: "
        "DATABASE_URL: postgresql://hotfix:${PASSWORD}@db/hotfix"
    )
    return replace(
        no_finding(ID, f"whether a {aspects} is shared is not shown: {reasons[0]}{more}", Cause.NOT_EXERCISED, remedy),
        location=hidden[0].location, notes=tuple(f"not shown: {text}" for text in reasons[1:4]),
    )  # fmt: skip
