"""What a perturbed run sees: really another zone, user, machine, order, and a source it cannot write to; and what is left of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from readiness.config import manifest as manifests
from readiness.layers.infrastructure import procedure
from readiness.sequence.finding import Cause
from readiness.testing.projects import make_repository
from readiness.world import perturbed
from readiness.world import project as projects
from readiness.world.demo import DemoSession
from readiness.world.perturbed import Given, Perturbation
from readiness.world.session import MEMORY, Session

DEMO = """
import datetime, json, os, pathlib, socket, tempfile, time
seen = {
    "cwd": os.getcwd(), "home": str(pathlib.Path.home()), "uid": os.getuid(), "user": os.environ["USER"],
    "offset": time.strftime("%z"), "umask": os.umask(0o22), "cpus": [os.cpu_count(), len(os.sched_getaffinity(0))],
    "host": socket.gethostname(), "address": socket.gethostbyname(socket.gethostname()), "pid": os.getpid(),
    "year": datetime.datetime.now().year, "hash": os.environ.get("PYTHONHASHSEED"), "temp": tempfile.gettempdir(),
    "files": os.listdir("data"), "times": sorted(round(os.stat("data/" + name).st_mtime) for name in os.listdir("data")),
    "strays": sorted(os.listdir(tempfile.gettempdir()) + os.listdir(pathlib.Path.home())), "extra": os.environ.get("EXTRA"),
    "sorted": None, "locale": os.environ.get("LANG"),
}
try:
    open("data/new.txt", "w").close()
    seen["source"] = "writable"
except OSError as error:
    seen["source"] = error.strerror
os.makedirs("out", exist_ok=True)
with open("out/seen.json", "w") as out:
    json.dump(seen, out)
"""
TOML = '[demo]\ncommand = ["python", "demo.py"]\noutputs = ["out/seen.json"]\n'
FILES = {"demo.py": DEMO, "readiness.toml": TOML, **{f"data/{name}": name for name in "fbdace"}}
Seen = dict[str, Any]  # what the demo printed as JSON


@pytest.fixture
def session(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoSession]:
    """A demo that tells what surrounds it, installed and run once."""
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    root = make_repository(tmp_path / "shop", FILES)
    project, manifest = projects.load(root), manifests.load(root)
    with ExitStack() as stack:
        made = stack.enter_context(closing(Session(project, procedure.discover(project, manifest))))
        assert made.blocked is Cause.NONE, made.why_blocked
        found = DemoSession(project, manifest, made)
        if not found.first.ran.isolation.files:
            pytest.skip("this machine gives no namespaces")
        yield found


@pytest.fixture
def seen(session: DemoSession) -> Callable[..., Seen]:
    """Runs the demo with perturbations and returns what it saw."""

    def run(*names: Perturbation, given: Given = perturbed.NOTHING) -> Seen:
        found = session.perturbed(frozenset(names), given) if names else session.first
        assert found.ran.ok, found.ran.said
        told: Seen = json.loads(found.outputs["out/seen.json"].read_text())
        return told

    return run


def test_each_perturbation_changes_what_it_says_and_nothing_else(session: DemoSession, seen: Callable[..., Seen]) -> None:
    plain = seen()
    unable = perturbed.unable(session.session, session.session.first, session.first.ran.isolation)
    expected = {
        Perturbation.DIRECTORY: {"cwd"},
        Perturbation.HOME: {"home"},
        Perturbation.USER: {"uid", "user"},
        Perturbation.ZONE: {"offset"},
        Perturbation.HASH: {"hash"},
        Perturbation.CLOCK: {"year"},
        Perturbation.ORDER: {"files"},
        Perturbation.CPUS: {"cpus"},
        Perturbation.TIMES: {"times"},
        Perturbation.UMASK: {"umask"},
        Perturbation.HOST: {"host", "address"},
        Perturbation.PIDS: {"pid"},
        Perturbation.TEMP: {"temp", "strays"},
        Perturbation.LOCALE: {"locale"},
        Perturbation.SOURCE: {"source"},
    }
    for name, changed in expected.items():
        if name in unable:
            continue
        found = seen(name)
        differing = {key for key in plain if found[key] != plain[key]}
        assert differing - {"address", "strays"} == changed - {"address", "strays"}, name
    assert seen(Perturbation.SOURCE)["source"] == "Read-only file system"
    assert seen(Perturbation.HOST)["address"].startswith("127.")
    assert sorted(seen(Perturbation.ORDER)["files"]) == sorted(plain["files"])


def test_stray_files_and_variables_are_there_for_one_run_and_gone_after_it(session: DemoSession, seen: Callable[..., Seen]) -> None:
    given = Given((("EXTRA", "1"),), ("TERM",), ((".config/desk/settings.json", b"{}"),), (("left.csv", b"a\n"),))
    found = seen(Perturbation.STRAY, Perturbation.VARIABLES, given=given)
    assert found["extra"] == "1"
    assert {"left.csv", ".config"} <= set(found["strays"])
    work = session.session.sandbox.root
    assert not (work / "tmp/left.csv").exists()
    assert not (work / "home/.config").exists()
    assert not list((work / "perturbed").iterdir())


def test_everything_at_once_still_gives_outputs_and_leaves_nothing_behind(session: DemoSession, seen: Callable[..., Seen]) -> None:
    unable = perturbed.unable(session.session, session.session.first, session.first.ran.isolation)
    found = seen(*(name for name in Perturbation if name not in unable))
    assert found["cwd"].endswith("shop-2")
    assert found["source"] != "writable"
    memory = MEMORY / f"readiness-{session.session.sandbox.root.name}"
    assert not memory.exists() or not list(memory.iterdir())
    assert seen() == json.loads(session.perturbed(frozenset(), turn=7).outputs["out/seen.json"].read_text()) | {"strays": seen()["strays"]}


def test_the_zones_are_far_apart_and_the_first_has_another_day() -> None:
    for hour in range(24):
        now = datetime(2026, 5, 5, hour, 30, tzinfo=UTC)
        first, second = perturbed.zones(now)
        assert first != second
        if Path("/usr/share/zoneinfo/UTC").exists():
            from zoneinfo import ZoneInfo

            assert now.astimezone(ZoneInfo(first)).date() != now.date() or hour == 10 or "/" not in first


def test_a_tree_in_memory_lists_its_entries_otherwise(tmp_path: Path) -> None:
    if not os.access(MEMORY, os.W_OK) or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    for name in "fbdace":
        (tmp_path / "tree").mkdir(exist_ok=True)
        (tmp_path / "tree" / name).write_text(name)
    target = MEMORY / f"readiness-test-{os.getpid()}/tree"
    try:
        perturbed.copy_otherwise_ordered(tmp_path / "tree", target)
        assert perturbed.listed(target) != perturbed.listed(tmp_path / "tree")
        assert sorted(perturbed.listed(target)) == sorted(perturbed.listed(tmp_path / "tree"))
    finally:
        from readiness.world import files

        files.remove_tree(target.parent)
