"""`outcome`: lints the outcomes of a project by running them, and locks them with their baseline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from readiness.config import manifest as manifests
from readiness.errors import InputError, UsageError
from readiness.formats import intoto
from readiness.formats.outcomes import HINT, Gathered, Outcome
from readiness.layers.infrastructure import procedure
from readiness.layers.infrastructure.cassettes.answering import answering
from readiness.layers.measurement import building, lint, locking, proving
from readiness.layers.measurement.building import Build
from readiness.layers.measurement.lint import Assessed
from readiness.layers.measurement.locking import Lock
from readiness.layers.measurement.proving import Proof
from readiness.sequence.wording import agreeing, counted
from readiness.world import files, keys
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.session import Progress, Session, silent


@dataclass(frozen=True, slots=True)
class Linted:
    """One outcome, what running it showed, and what its lock proves so far."""

    assessed: Assessed
    proof: Proof


@dataclass(frozen=True, slots=True)
class Locked:
    """One outcome and its lock; `refused` says why none was written, `already` that the one there says the same."""

    assessed: Assessed
    path: Path
    lock: Lock | None = None
    already: bool = False
    refused: str = ""
    late: str = ""


def lint_all(root: Path, name: str = "", now: datetime | None = None, progress: Progress = silent) -> tuple[Linted, ...]:
    """Runs the outcomes of a project, or the one named. Raises InputError where a file cannot be read."""
    with _opened(root, now, progress) as context:
        gathered, chosen = _chosen(context, name)
        build = building.began(context, gathered)
        return tuple(Linted(lint.assess(context, item, build), proving.prove(context, item, build)) for item in chosen)


def lock_all(root: Path, name: str = "", now: datetime | None = None, progress: Progress = silent) -> tuple[Locked, ...]:
    """Writes the lock of each outcome, or of the one named, that has nothing wrong with it and is not locked as it is."""
    with _opened(root, now, progress) as context:
        gathered, chosen = _chosen(context, name)
        build = building.began(context, gathered)
        return tuple(_lock(context, lint.assess(context, item, build), build) for item in chosen)


@contextmanager
def _opened(root: Path, now: datetime | None, progress: Progress) -> Iterator[Context]:
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    with closing(Session(project, procedure.discover(project, manifest), progress)) as session:
        moment = now or datetime.now(UTC)
        demo = DemoSession(project, manifest, session, answering(project, manifest, moment))
        yield Context(project, manifest, session, demo, moment)


def _chosen(context: Context, name: str) -> tuple[Gathered, tuple[Outcome, ...]]:
    gathered = lint.gather(context)
    if gathered.problems:
        raise InputError(list(gathered.problems), HINT)
    if not gathered.outcomes:
        globs = ", ".join(context.manifest.measurement.outcomes)
        raise UsageError(f"no outcome file matches {globs}", "`readiness checks outcome-defined` shows one")
    chosen = tuple(item for item in gathered.outcomes if name in ("", item.id))
    if not chosen:
        known = [item.id for item in gathered.outcomes]
        near = get_close_matches(name, known, n=1) or known[:1]
        raise UsageError(f"no outcome `{name}`", f"did you mean `{near[0]}`?")
    return gathered, chosen


def _lock(context: Context, assessed: Assessed, build: Build) -> Locked:
    outcome = assessed.outcome
    path = context.project.root / outcome.lock_path
    before = _before(path, outcome)
    bound = before is not None and (before.baseline is None or before.baseline.rows is not None)
    if before is not None and bound and before.outcome_digest == outcome.digest:
        return Locked(assessed, path, before, already=True)
    if refused := _refused(context, assessed):
        return Locked(assessed, path, refused=refused)
    key = keys.own()
    assert key is not None, "a key is made where there is none"
    data = locking.make(outcome, assessed.baseline, context.now, key, before)
    files.write_whole(path, data)
    return Locked(assessed, path, locking.read(data), late=_late(outcome, build))


def _before(path: Path, outcome: Outcome) -> Lock | None:
    if not path.is_file():
        return None
    try:
        return locking.read(path.read_bytes())
    except (intoto.Refused, OSError) as error:
        raise UsageError(f"{outcome.lock_path} {error}", "bring it back with git, or remove it") from None


def _refused(context: Context, assessed: Assessed) -> str:
    outcome, baseline = assessed.outcome, assessed.baseline
    if assessed.problems or assessed.reason:
        return (
            assessed.reason or f"{counted(len(assessed.problems), 'thing')} {agreeing(len(assessed.problems), 'is', 'are')} wrong with it"
        )
    if outcome.design.prospective:
        return ""
    assert baseline is not None, "compared with before, it has one"
    if baseline.value is None:
        return f"no complete unit lies in the baseline window {proving.text(baseline)}"
    mature = proving.mature_at(outcome)
    if context.now < mature:
        return f"the last units of the baseline are not mature before {mature:%Y-%m-%d}: lock it then"
    return ""


def _late(outcome: Outcome, build: Build) -> str:
    """Why a lock made now is retrospective; empty where it comes in time or the design needs no baseline from before."""
    if outcome.design.prospective or build.commit is None:
        return ""
    day = f"{build.commit.at:%Y-%m-%d}, with commit {build.commit.id[:7]}"
    return f"retrospective: the build began on {day}; only a holdout or a staged rollout can still show an improvement"
