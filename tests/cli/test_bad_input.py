"""What people see when they call a command in a way that cannot work: one line, a hint, exit 2."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from readiness.testing.projects import commit, git, make_repository
from tests.cli.conftest import APP, GOLDEN, Readiness, Said, Within

Golden = Callable[[str, Said], None]

WORDS = {
    "no_folder": ("check", "nothing"),
    "no_folder_json": ("check", "nothing", "--format", "json"),
    "file_for_folder": ("check", "app/main.py"),
    "unknown_command": ("chek", "app"),
    "unknown_command_far": ("xyzzy",),
    "unknown_check": ("check", "app", "--only", "start"),
    "unknown_check_far": ("check", "app", "--only", "xyzzy"),
    "unknown_check_documented": ("checks", "instals"),
    "since_no_repository": ("check", "app", "--since", "HEAD"),
    "evidence_short_prefix": ("evidence", "show", "abc1234", "--project", "app"),
    "evidence_unknown_prefix": ("evidence", "show", "sha256:0123456789", "--project", "app"),
    "init_no_folder": ("init", "nothing"),
}
MANIFESTS = {
    "broken_toml": 'schema = 1\n[project\nid = "app"\n',
    "unknown_keys": '[project]\nstakez = "money"\n[demo]\ncomand = ["python", "main.py"]\n[infrastructur]\n[[waiver]]\nxyzzy = 1\n',
    "bad_values": (
        'schema = 2\n[project]\nid = "My App"\nstakes = "huge"\nmode = "research"\n[demo]\ncommand = "python main.py"\n'
        'outputs = ["../out.json"]\ntimeout_s = -1\nnetwork = "maybe"\nenv = { A = 1 }\n[infrastructure]\nttl_days = 30\npython = 3.12\n'
    ),
    "wrong_kinds": 'project = 3\ndemo = []\ntrust = "x"\nwaiver = 3\ninfrastructure = true\n',
    "placeholders": '[demo]\ncommand = ["python", "TODO.py"]\n[project]\nowner = "the <your name> here"\n',
}


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


@pytest.mark.parametrize("name", WORDS)
def test_a_call_that_cannot_work_says_why_and_what_to_do(readiness: Readiness, golden: Golden, name: str) -> None:
    readiness.project(APP)
    said = readiness(*WORDS[name])
    golden(f"bad_input/{name}", said)
    assert (said.code, said.stdout) == (2, "")


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_bad_manifest_is_told_line_by_line(readiness: Readiness, golden: Golden, name: str) -> None:
    readiness.project({**APP, "readiness.toml": MANIFESTS[name]})
    said = readiness("check", "app")
    golden(f"bad_input/{name}", said)
    assert (said.code, said.stdout) == (2, "")
    assert not (readiness.folder / "app/.readiness").exists()


@pytest.mark.parametrize("words", [("check", "app", "--plan"), ("init", "app"), ("evidence", "show", "--project", "app")])
def test_every_command_refuses_a_bad_manifest_alike(readiness: Readiness, words: tuple[str, ...]) -> None:
    readiness.project({**APP, "readiness.toml": MANIFESTS["unknown_keys"]})
    (readiness.folder / "app/.readiness").mkdir()
    said = readiness(*words)
    assert (said.code, said.stdout) == (2, "")
    assert said.stderr == readiness("check", "app").stderr
    assert (readiness.folder / "app/readiness.toml").read_text() == MANIFESTS["unknown_keys"]


def test_a_manifest_that_is_no_text_is_told(readiness: Readiness, golden: Golden) -> None:
    (readiness.project(APP) / "readiness.toml").write_bytes(b"\xff\xfe\x00")
    golden("bad_input/no_text", readiness("check", "app"))


@pytest.mark.parametrize("vcs", [True, False])
def test_an_empty_folder_is_told(readiness: Readiness, golden: Golden, vcs: bool) -> None:
    (readiness.folder / "app").mkdir()
    if vcs:
        git(readiness.folder / "app", "init", "-q")
    golden("bad_input/empty", readiness("check", "app"))


def test_a_revision_that_is_not_here_is_told(readiness: Readiness, golden: Golden) -> None:
    make_repository(readiness.project(APP))
    golden("bad_input/since_unknown", readiness("check", "app", "--since", "v1.0"))
    assert not (readiness.folder / "app/.readiness").exists()


def test_a_revision_that_a_shallow_clone_lacks_is_told(readiness: Readiness, golden: Golden, tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", APP)
    commit(origin, "more")
    git(readiness.folder, "clone", "-q", "--depth=1", f"file://{origin}", "app")
    golden("bad_input/since_shallow", readiness("check", "app", "--since", "HEAD~1"))


def test_a_signing_key_that_others_read_is_refused(readiness: Readiness, golden: Golden, tmp_path: Path) -> None:
    readiness.project(APP)
    key = tmp_path / "config/readiness/ed25519"
    key.parent.mkdir(parents=True)
    key.write_text("AAAA\n")
    key.chmod(0o644)
    golden("bad_input/key_open", readiness("evidence", "verify", "--project", "app"))
    key.chmod(0o600)
    golden("bad_input/key_none", readiness("evidence", "verify", "--project", "app"))


def test_a_signing_key_that_is_none_is_refused(readiness: Readiness, golden: Golden) -> None:
    readiness.project(APP)
    golden("bad_input/key_given", readiness("check", "app", "--only", "images-pinned", env={"READINESS_SIGNING_KEY": "x y"}))


@pytest.mark.parametrize(
    "words",
    [("check", "--bogus"), ("check", "a", "b"), ("check", "--format", "xml"), ("check", "--since"), ("evidence", "burn")],
)
def test_words_a_command_does_not_know_end_in_exit_2(readiness: Readiness, words: tuple[str, ...]) -> None:
    said = readiness(*words)
    assert (said.code, said.stdout) == (2, "")
    assert "error: " in said.stderr


def test_no_command_shows_what_there_is(readiness: Readiness) -> None:
    said = readiness()
    assert (said.code, said.stderr) == (2, "")
    assert said.stdout == readiness("--help").stdout == readiness("help").stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_entered_ends_without_a_verdict(readiness: Readiness) -> None:
    root = readiness.project(APP)
    (root / "main.py").chmod(0)
    said = readiness("check", "app")
    assert said.code == 3
    assert "main.py cannot be read: Permission denied\n\nhint: make it readable or ignore it\n" in said.stderr


def test_every_golden_file_is_used() -> None:
    named = {*WORDS, *MANIFESTS, "no_text", "empty", "since_unknown", "since_shallow", "key_open", "key_none", "key_given"}
    assert {path.stem for path in (GOLDEN / "bad_input").iterdir()} == named
