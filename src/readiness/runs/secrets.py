"""`secrets scan`: looks for secrets in a project, in its history and in images, and says where they are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from readiness.config import manifest as manifests
from readiness.formats.secrets_scan import Row, Scanned
from readiness.layers.infrastructure import procedure
from readiness.layers.security import allowing, images, secrets
from readiness.layers.security.allowing import Sorted
from readiness.layers.security.evidence import NotRead, Secret
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.session import Progress, Session, silent


def scan(root: Path, now: datetime, image_files: Iterable[Path] = (), progress: Progress = silent) -> Scanned:
    """Scans the files of a project, its history up to the commit, and image files.

    Raises InputError for a bad manifest, UsageError where an image file is none.
    """
    files = tuple(image_files)
    for path in files:
        images.refuse_others(path)
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    with closing(Session(project, procedure.discover(project, manifest), progress)) as session:
        seen = secrets.look(Context(project, manifest, session, DemoSession(project, manifest, session), now))
        found, unread, troubles, layers = list(seen.secrets), list(seen.unread), [seen.trouble, seen.past_trouble], 0
        for path in files:
            inside = secrets.opened(session.sandbox.private, binaries=True)
            with progress(f"looking for secrets in {path.name}"):
                more, count = images.look(path, path.name, inside)
            found, unread, layers = [*found, *more], [*unread, *inside.unread], layers + count
            troubles.append(inside.trouble)
    if seen.shallow:
        troubles.append("the clone is shallow, so most of its history is not here: `git fetch --unshallow` brings it")
    if seen.more:
        troubles.append(f"{seen.more} further values are not listed")
    told = allowing.sort(found, manifest.security.allow, now.date())
    return Scanned(
        _rows(found, told), _lines(unread), tuple(dict.fromkeys(filter(None, troubles))), told.notes, len(project.entries), seen.commits,
        layers,
    )  # fmt: skip


def _rows(found: Iterable[Secret], told: Sorted) -> tuple[Row, ...]:
    until = {secret.fingerprint: str(item.expires) for secret, item in told.allowed}
    return tuple(
        Row(one.kind, one.fingerprint, one.location.file, one.location.line, one.place, one.commit, until.get(one.fingerprint, ""),
            told.doubts.get(one.fingerprint, ""))
        for one in found
    )  # fmt: skip


def _lines(unread: Iterable[NotRead]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(item) for item in unread))
