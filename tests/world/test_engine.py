"""A container engine as the installed client reaches it: what is told where none answers, and what a note is good for."""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from readiness.errors import CannotJudge
from readiness.world import engine as engines
from readiness.world import session as sessions
from readiness.world.engine import Engine
from tests.engines import IMAGE, answering


def test_without_a_client_both_that_were_looked_for_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotJudge, match="neither docker nor podman is installed: install one, then `docker info`"):
        engines.found()


def test_a_client_whose_engine_does_not_answer_is_named_with_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = shutil.which("docker")
    if client is None:
        pytest.skip("needs the docker client")
    (tmp_path / "docker").symlink_to(client)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(CannotJudge, match=r"docker is installed and no engine answers it \(.*\): start it, then `docker info`") as error:
        engines.found()
    assert "nobody.sock" in error.value.message


@pytest.mark.parametrize(
    ("address", "local"), [("", True), ("unix:///run/docker.sock", True), ("tcp://10.0.0.1:2375", False), ("ssh://me@there", False)]
)
def test_an_engine_of_another_machine_is_told_apart(address: str, local: bool) -> None:
    assert engines.is_local(Engine("/bin/podman", {"CONTAINER_HOST": address} if address else {})) is local


def test_what_is_copied_in_keeps_its_place_and_mode(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"two")
    target = engines.archive(tmp_path / "a.tar", [(".", None, 0o777), ("d/a", b"one", 0o644), ("d/b", tmp_path / "b", 0o755)])
    with tarfile.open(target) as found:
        assert [(item.name, item.mode, item.isdir(), item.mtime) for item in found] == [
            (".", 0o777, True, 0), ("d/a", 0o644, False, 0), ("d/b", 0o755, False, 0),
        ]  # fmt: skip


def test_a_note_stays_as_long_as_its_engine_does_not_answer(tmp_path: Path) -> None:
    note = engines.note_of(tmp_path / "run-abcdefgh")
    note.write_text(json.dumps({"client": "/nothing/docker", "env": {}}))
    engines.sweep(note)
    assert note.exists()
    note.write_text("{half")
    engines.sweep(note)
    assert not note.exists()


def test_a_session_leaves_the_note_of_one_that_runs_alone(tmp_path: Path) -> None:
    for name in ("run-aaaaaaaa", "run-bbbbbbbb"):
        engines.note_of(tmp_path / name).write_text("")
    with (tmp_path / "run-aaaaaaaa.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sessions.sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-aaaaaaaa.containers.json", "run-aaaaaaaa.lock"]


def test_everything_of_a_run_is_removed_and_nothing_else(tmp_path: Path) -> None:
    engine = answering(tmp_path)
    other = engine.must("create", "--label", f"{engines.LABEL}=other", IMAGE, "python").splitlines()[-1]
    root = tmp_path / "run-zzzzzzzz"
    try:
        with contextlib.suppress(KeyboardInterrupt), engines.noted(engine, root) as run:
            engine.must("volume", "create", "--label", f"{engines.LABEL}={run}", f"{run}-v")
            engine.must("network", "create", "--internal", "--label", f"{engines.LABEL}={run}", f"{run}-n")
            container = engine.must(
                "create", "--name", f"{run}-a", "--label", f"{engines.LABEL}={run}", "--network", f"{run}-n", "-v", f"{run}-v:/v", IMAGE,
                "python", "-c", "import time; time.sleep(60)",
            ).splitlines()[-1]  # fmt: skip
            engine.put(container, "/v", engines.archive(tmp_path / "a.tar", [("a", b"one", 0o644)]))
            engine.must("start", container)
            assert (engine.fetch(container, "/v/a"), engine.fetch(container, "/v/b"), engine.fetch(container, "/v")) == (b"one", None, None)
            assert {kind: len(names) for kind, names in engine.labelled(run).items()} == {
                "container": 1,
                "network": 1,
                "volume": 1,
                "image": 0,
            }
            raise KeyboardInterrupt
        assert not any(engine.labelled(root.name).values())
        assert not engines.note_of(root).exists()
        assert len(engine.labelled("other")["container"]) == 1
    finally:
        engine.must("rm", "-f", other)


def test_a_word_that_takes_too_long_is_ended() -> None:
    said = Engine(shutil.which("sleep") or "/bin/sleep").ask("30", timeout_s=0.2)
    assert (said.code, said.ok, said.last) == (None, False, "`sleep 30` was still at it after 0.2 s")
