"""The release before this one: the newest tag, else the newest commit, in which the migrations were other ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from readiness.errors import UsageError
from readiness.layers.infrastructure import migrations
from readiness.layers.infrastructure.migrations import Plan
from readiness.sequence.finding import Cause
from readiness.world import git, project, revisions
from readiness.world.context import Context
from readiness.world.project import Origin, Project

LOOKED_AT: Final = 30
"""How many tags, and how many commits, are looked at, newest first."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release in history: its tag or the beginning of its commit, the commit, its files, its migrations."""

    name: str
    commit: str
    project: Project
    plan: Plan


@dataclass(frozen=True, slots=True)
class Sought:
    """The release before, or why there is none: `cause` is NONE where there was only one."""

    release: Release | None = None
    cause: Cause = Cause.NONE
    reason: str = ""


def before(context: Context, plan: Plan) -> Sought:
    """The release before the judged state in which a plan's migrations were others than today, and not none."""
    judged = context.project
    if judged.repository is None or not judged.commit:
        return Sought(cause=Cause.NOT_EXERCISED, reason="there is no history to find the release before in")
    folders = _folders(judged, plan)
    for name, commit in _candidates(judged, folders):
        if commit and _differs(judged, commit, folders) and (release := _release(context, name, commit, plan)):
            return Sought(release)
    if git.shallow(judged.repository):
        return Sought(cause=Cause.FILE, reason="the history was cut off when this was cloned, and may hold the release before")
    if plan.tool == "manifest" and not folders:
        return Sought(cause=Cause.NOT_EXERCISED, reason="no tag names the release before, and no file here is called a migration")
    return Sought(reason=f"{plan.source} has had one release of migrations so far")


def _folders(judged: Project, plan: Plan) -> tuple[str, ...]:
    """The folders that hold the migrations, and files that lie beside other things, from the top of the repository."""
    at = "" if judged.folder == "." else f"{judged.folder}/"
    own = (plan.folder,) if plan.tool == "sql" and plan.folder else ()
    found = own or {path.rpartition("/")[0] or path for path in plan.paths if path != plan.source}
    return tuple(sorted(f"{at}{path}" for path in found))


def _candidates(judged: Project, folders: tuple[str, ...]) -> list[tuple[str, str]]:
    """Tags that this state came after, newest first; then what was there before the newest changes of the migrations."""
    assert judged.repository is not None, "asked for first"
    tags = revisions.tags_before(judged.repository, judged.commit)[:LOOKED_AT]
    if not folders:
        return tags
    changes = revisions.changing(judged.repository, judged.commit, folders)[:LOOKED_AT]
    parents = [revisions.parent(judged.repository, change) for change in changes]
    standing = [judged.commit] if judged.dirty else []
    return [*tags, *((commit[:12], commit) for commit in (*standing, *parents))]


def _differs(judged: Project, commit: str, folders: tuple[str, ...]) -> bool:
    assert judged.repository is not None, "asked for first"
    if not folders:
        return True
    return revisions.differs(judged.repository, commit, "" if judged.vcs else judged.commit, folders)


def _release(context: Context, name: str, commit: str, plan: Plan) -> Release | None:
    """The release of a commit; None where it had no such migrations, or its files cannot be read."""
    judged = context.project
    assert judged.repository is not None, "asked for first"
    target = context.session.sandbox.private / f"release-{commit[:12]}"
    try:
        if not target.exists():
            git.extract(judged.repository, commit, target)
    except UsageError:
        return None
    root = target if judged.folder == "." else target / judged.folder
    if not root.is_dir():
        return None
    then = project.load(root, origin=Origin(judged.home, judged.id, None, judged.repository, commit))
    found = migrations.of(plan.source, then, context.manifest)
    return Release(name, commit, then, found) if found is not None else None
