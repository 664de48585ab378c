"""How many planted secrets are found, and how many decoys are left alone: in files, and in what commits added."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.config.manifest import Manifest
from readiness.layers.infrastructure import procedure
from readiness.layers.security import secrets
from readiness.testing.projects import commit, make_repository
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.session import Session
from tests.layers.security import planted


def write(root: Path, *cases: planted.Case) -> None:
    for case in cases:
        path = root / case.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case.data)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[secrets.Seen]:
    """What is seen of a project with everything planted; of what history holds, the last commit has nothing."""
    root = make_repository(tmp_path_factory.mktemp("planted") / "shop", {"README.md": "A shop.\n"})
    write(root, *planted.past(), *planted.packed_past())
    commit(root, "add what should not be here")
    shutil.rmtree(root / "gone")
    shutil.rmtree(root / "packed-gone")
    commit(root, "remove it")
    write(root, *planted.current(), *planted.decoys(), *planted.packed(), *planted.packed_decoys())
    commit(root, "go on")
    project, manifest = projects.load(root), Manifest()
    with pytest.MonkeyPatch.context() as patch, closing(Session(project, procedure.discover(project, manifest))) as session:
        patch.setenv("READINESS_WORK", str(root.parent / "work"))
        yield secrets.look(Context(project, manifest, session, DemoSession(project, manifest, session), datetime.now(UTC)))


def test_planted_secrets_are_found_and_decoys_are_not(seen: secrets.Seen) -> None:
    assert (seen.trouble, seen.past_trouble, seen.shallow, seen.unread) == ("", "", False, ())
    live, gone, decoys = planted.current(), planted.past(), planted.decoys()
    assert (len(live) >= 40, len(gone), len(decoys) >= 40) == (True, 15, True)
    live += planted.packed()
    gone += planted.packed_past()
    decoys += planted.packed_decoys()
    now = {secret.location.file for secret in seen.secrets if not secret.commit}
    then = {secret.location.file for secret in seen.secrets if secret.commit}
    missed = sorted({case.path for case in live} - now) + sorted({case.path for case in gone} - then)
    wrong = sorted(case.path for case in decoys if case.path in now | then)
    found = len(now) + len(then)
    recall = 1 - len(missed) / (len(live) + len(gone))
    precision = 1 - len(wrong) / found
    assert recall >= 0.9, missed
    assert precision >= 0.95, wrong
    assert (missed, wrong) == ([], [])


def test_no_value_leaves(seen: secrets.Seen) -> None:
    told = repr(seen)
    for case in (*planted.current(), *planted.past(), *planted.packed(), *planted.packed_past()):
        assert case.value not in told, case.path
    assert seen.commits == 3
    assert all(len(secret.fingerprint) == 16 for secret in seen.secrets)
