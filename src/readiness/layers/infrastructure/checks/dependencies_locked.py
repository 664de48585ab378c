"""Every package that is installed was pinned beforehand, and the image is built from the same lock.

Proves: tomorrow's installation gives the packages of today's.
Needed above: without it every other finding is about the day it was made.
Executed: what the procedure really installed is compared with what the lock or the list pins; a lock is checked against
the declaration it was made from; the Dockerfile is read for whether it installs from that lock.
Cannot see: packages an image installs by other means, and system packages.
Repair: compile a lock with hashes and install from it everywhere.
Source: direct dependencies pinned and a transitive one drifted; a hashed lock that the Dockerfile never copied.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from readiness.formats import dockerfile
from readiness.layers.infrastructure import blame, starting
from readiness.layers.infrastructure.interpreter import dockerfiles
from readiness.layers.infrastructure.locking import locking
from readiness.layers.infrastructure.pinning import Drift, declared, drift
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import agreeing, counted
from readiness.world import record
from readiness.world.context import Context
from readiness.world.environment import Procedure, Step
from readiness.world.explanation import explain
from readiness.world.project import Project

ID = "infrastructure.dependencies-locked"


@dataclass(frozen=True, slots=True)
class Observed:
    """What pins the packages: the lock, what it leaves free, whether it is `stale`, what the image build ignores.

    `relock` is the command that pins everything, empty where none would work; `remedy` says how to pin what was installed.
    """

    kind: str
    lock: str
    direct: int
    drift: Drift | None
    loose: tuple[Problem, ...]
    stale: str = ""
    unchecked: str = ""
    image: tuple[Problem, ...] = ()
    blocked: Cause = Cause.NONE
    unread: str = ""
    relock: str = ""
    remedy: Remedy | None = None


def observe(context: Context) -> Observed:
    """Compares the first environment with what pins it."""
    project, procedure = context.project, context.session.procedure
    said = declared(project, procedure)
    loose = tuple(
        Problem(name, f"{name} is not pinned", said.where.get(name) or (Location(said.file) if said.file else None))
        for name, version in said.direct.items()
        if not said.pinned.get(name)
    )
    runnable = bool(procedure.interpreters) and not procedure.unread
    found = drift(context) if runnable else None
    stale, unchecked = _stale(context) if runnable and procedure.lock == "uv.lock" else ("", "")
    image = tuple(image_problems(project, procedure))
    blocked = context.session.blocked
    relock = locking(project, procedure).lock()
    return Observed(
        procedure.kind, procedure.lock, len(said.direct), found, loose, stale, unchecked, image, blocked, procedure.unread, relock,
        _remedy(context, found) if found is not None and found.unpinned else None,
    )  # fmt: skip


def _remedy(context: Context, free: Drift) -> Remedy:
    """How to pin what was installed; what no longer starts with it says whether today's releases are the ones to pin."""
    if context.session.blocked is not Cause.NONE:
        return free.remedy()
    broken = [item for item in starting.start(context).started if item.cause is Cause.PROJECT and not item.aside]
    about = {name for item in broken for name in (item.suspect, item.raised_in) if name}
    return blame.relock(broken, free, record.owners(context.session.first.path, about))


def _stale(context: Context) -> tuple[str, str]:
    session = context.session
    environment = session.first
    settings = session.builder.settings(environment.path)
    step = Step(("uv", "lock", "--check", "--python", "{python}"))
    with session.progress("checking the lock against the declaration"):
        ran = session.builder.step(step, environment.path, session.tree("lock"), settings)
    if ran.ok:
        return "", ""
    if "needs to be updated" in ran.said or "out-of-date" in ran.said or "is outdated" in ran.said:
        return "uv.lock no longer matches pyproject.toml", ""
    cause, reason = explain(ran)
    return (f"uv.lock cannot be checked against pyproject.toml: {reason}", "") if cause is Cause.PROJECT else ("", reason)


def image_problems(project: Project, procedure: Procedure) -> list[Problem]:
    """Where an image build installs packages from something else than the lock that is there."""
    if not procedure.lock:
        return []
    found = []
    for path in dockerfiles(project):
        parsed = dockerfile.parse(project.text(path))
        copied = [source.removeprefix("./") for source, _ in parsed.copied]
        mounted = any(procedure.lock in item.value for item in parsed.instructions if item.name == "RUN")
        exported = any(
            {"export", "requirements"} & set(words) and words[0] in ("poetry", "uv", "pipenv", "python") for _, words in parsed.commands
        )
        if exported and any(procedure.lock.rpartition(".")[0] in source or source in (".", "*") for source in copied):
            continue
        has_lock = mounted or any(source in (".", "", "*", procedure.lock, f"{procedure.lock}*") or "*" in source for source in copied)
        for line, words in parsed.commands:
            if text := _ignores_lock(words, procedure, has_lock):
                found.append(Problem(f"{path}:{line}", text, Location(path, line)))
    return found


_DRIVERS = {"uv.lock": ("uv", "sync"), "poetry.lock": ("poetry", "install"), "Pipfile.lock": ("pipenv", "install")}


def _ignores_lock(words: list[str], procedure: Procedure, has_lock: bool) -> str:
    driver = _DRIVERS.get(procedure.lock)
    if driver and tuple(words[:2]) == driver:
        return "" if has_lock else f"the image build never copies {procedure.lock}"
    installs = "install" in words and any(word in ("pip", "pip3") for word in words)
    targets = [word for word in words if word in (".", "-r") or word.startswith((".[", "./"))]
    if installs and targets and driver:
        return f"the image build installs by `{' '.join(words)[:60]}`, not from {procedure.lock}"
    return ""


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails when anything installed is not pinned, the lock is stale, or the image is built from something else."""
    if observed.unread:
        return no_finding(ID, observed.unread, Cause.TOOL)
    problems = list(observed.image)
    if observed.stale:
        problems.insert(0, Problem(observed.lock, observed.stale, Location(observed.lock)))
    free = observed.drift
    if free is not None and free.unpinned and not observed.lock:
        problems += [Problem(name, f"{name} {free.installed.get(name, '')} was not pinned".strip()) for name in free.unpinned]
    elif free is not None and free.unpinned:
        problems += [Problem(name, f"{name} was installed and {observed.lock} does not pin it") for name in free.unpinned]
    elif free is None and not observed.lock:
        problems += list(observed.loose)
    if problems:
        return _fails(observed, problems)
    if not observed.lock and not observed.direct and not (free and free.installed):
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="there are no dependencies to lock")
    if observed.blocked is not Cause.NONE:
        return no_finding(ID, "what the lock installs could not be compared: it was not installed", observed.blocked)
    if observed.unchecked:
        return no_finding(ID, f"the lock could not be checked against its declaration: {observed.unchecked}", Cause.INDEX)
    count = len(free.installed) if free else 0
    return Finding(
        ID,
        Outcome.HOLDS,
        Basis.EXECUTED,
        observed.lock,
        observed=f"{count} package{'s, every one' if count != 1 else ','} pinned by {observed.lock or 'the list'}",
    )


def _fails(observed: Observed, problems: list[Problem]) -> Finding:
    free = observed.drift
    first = problems[0]
    basis = Basis.EXECUTED if free is not None else Basis.OBSERVED
    if observed.stale or observed.image:
        text, reason = first.text, "; ".join(dict.fromkeys(item.text for item in problems[:4])) + ("; …" if len(problems) > 4 else "")
        command = {"uv.lock": "uv lock", "poetry.lock": "poetry lock"}.get(observed.lock, "") if observed.stale else ""
        remedy = Remedy(f"bring {observed.lock} up to date and install from it everywhere", command)
        if observed.image and not observed.stale:
            place = first.location
            shown = f"sed -n {place.line}p {shlex.quote(place.file)}" if place is not None else ""
            remedy = Remedy(f"copy {observed.lock} into the image and install from it, in place of this", shown)
        return Finding(
            ID,
            Outcome.FAILS,
            basis,
            observed.lock,
            "one lock decides",
            text,
            reason,
            Cause.PROJECT,
            first.location,
            remedy,
            tuple(problems),
        )
    if free is not None:
        left, are = len(free.unpinned), agreeing(len(free.unpinned), "is", "are")
        text = f"{left} of {counted(len(free.installed), 'package')} {are} left to the day of installation"
        reason = f"{free.direct_counts}; no lock pins the rest"
        location = Location(free.file) if free.file else None
        return Finding(
            ID,
            Outcome.FAILS,
            basis,
            free.file,
            "every package is pinned",
            text,
            reason,
            Cause.PROJECT,
            location,
            observed.remedy or free.remedy(),
            tuple(problems),
        )
    text = (
        f"{len(observed.loose)} of {counted(observed.direct, 'direct dependency')} {agreeing(len(observed.loose), 'is', 'are')} not pinned"
    )
    remedy = Remedy("pin every package and install from that", observed.relock)
    return Finding(
        ID, Outcome.FAILS, basis, first.subject, "every package is pinned", text, "no lock pins them", Cause.PROJECT,
        first.location, remedy, tuple(problems),
    )  # fmt: skip
