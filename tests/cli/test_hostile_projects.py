"""Projects that would lead us astray, and places that are not as they should be: each case once got through."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from readiness.testing.projects import make_repository
from tests.cli.conftest import Readiness, Within, wait_until

APP = {"main.py": "print('hello')\n"}
DEMO = '[demo]\ncommand = ["python", "main.py"]\n'
RECREATES = ("--only", "recreates-elsewhere")


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


@pytest.fixture
def victim(workplace: Path) -> Path:
    """A folder outside every sandbox, with one file in it."""
    path = workplace / "victim"
    path.mkdir()
    path.chmod(0o755)
    (path / "keep.txt").write_text("precious\n")
    return path


def intact(victim: Path) -> bool:
    return {item.name: item.read_text() for item in victim.iterdir() if item.is_file()} == {"keep.txt": "precious\n"}


def test_a_checkout_in_the_home_of_its_user_is_judged(readiness: Readiness, workplace: Path) -> None:
    home = workplace / "home"
    home.mkdir(mode=0o755)
    shutil.copytree(readiness.project(APP), home / "app")
    said = readiness("check", str(home / "app"), "--only", "starts", env={"HOME": str(home)})
    assert said.code == 0, said.stdout


def test_an_output_behind_a_committed_link_is_left_alone(readiness: Readiness, victim: Path) -> None:
    manifest = '[demo]\ncommand = ["python", "main.py"]\noutputs = ["out/keep.txt"]\n'
    root = readiness.project({**APP, "readiness.toml": manifest})
    (root / "out").symlink_to(victim)
    readiness("check", "app", *RECREATES)
    assert intact(victim)


def test_a_demo_that_swaps_a_folder_for_a_link_leads_nowhere(readiness: Readiness, victim: Path) -> None:
    swap = f"    shutil.rmtree('data'); os.symlink({str(victim)!r}, 'data'); print('ok')\n"
    code = f"import os, shutil\nif __name__ == '__main__':\n{swap}"
    readiness.project({"data/keep.txt": "from the project\n", "main.py": code, "readiness.toml": DEMO})
    readiness("check", "app", *RECREATES)
    assert intact(victim)


def test_links_planted_where_we_write_lead_nowhere(readiness: Readiness, victim: Path) -> None:
    links = {
        f"{victim}/made": "$TMPDIR/start.json",
        f"{victim}/probe": "$HOME/../tools/start_modules.py",
        f"{victim}/r": "$TMPDIR/started.jsonl",
    }
    plant = "; ".join(f"ln -s {target} {place}" for target, place in links.items())
    readiness.project({**APP, "readiness.toml": f'[demo]\nsetup = [["sh", "-c", "{plant}"]]\ncommand = ["python", "main.py"]\n'})
    assert readiness("check", "app", "--only", "starts").code == 0
    assert intact(victim)


def test_a_folder_of_ours_cannot_be_replaced(readiness: Readiness, victim: Path) -> None:
    code = f"import os\nif __name__ == '__main__':\n    os.symlink({str(victim)!r}, os.environ['HOME'] + '/../kept'); print(1)\n"
    readiness.project({"main.py": code, "readiness.toml": DEMO})
    readiness("check", "app", *RECREATES)
    assert intact(victim)


@pytest.mark.parametrize("again", [(), ("--again",)], ids=["first", "again"])
def test_what_was_edited_during_a_check_is_not_remembered_as_run(readiness: Readiness, again: tuple[str, ...]) -> None:
    root = readiness.project({"main.py": "import time\ntime.sleep(2)\n", "readiness.toml": DEMO})
    with readiness.start("check", "app", "--only", "starts", *again) as program:
        assert wait_until(lambda: bool(list(readiness.work.glob("run-*/tree/*/app/main.py"))))
        (root / "main.py").write_text("raise ValueError('this was never run')\n")
        assert "nothing of it is remembered" in program.communicate()[0]
    assert readiness("check", "app", "--only", "starts").code == 1


@pytest.mark.parametrize("inside", [True, False])
def test_a_tracked_folder_that_became_a_link_is_a_link(readiness: Readiness, tmp_path: Path, inside: bool) -> None:
    root = make_repository(readiness.project({**APP, "data/a.txt": "x"}))
    target = root / "moved" if inside else tmp_path / "big"
    shutil.move(root / "data", target)
    (root / "data").symlink_to("moved" if inside else target)
    assert readiness("check", "app", "--only", "starts").code == 0


def test_without_git_a_repository_is_a_folder(readiness: Readiness, tmp_path: Path) -> None:
    make_repository(readiness.project(APP))
    (tmp_path / "bin").mkdir()
    for name in ("chown", "sh", "rm", "chmod"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "/bin/false")
    said = readiness("check", "app", "--only", "images-pinned", env={"PATH": str(tmp_path / "bin")})
    assert said.code == 3
    assert "not a git repository" in said.stdout


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_place_that_cannot_hold_a_key_is_named(readiness: Readiness, tmp_path: Path, kind: str) -> None:
    readiness.project(APP)
    place = tmp_path / "odd"
    if kind == "file":
        place.touch()
    else:
        (place / "readiness/ed25519").mkdir(parents=True, mode=0o700)
    said = readiness("check", "app", "--only", "images-pinned", env={"XDG_CONFIG_HOME": str(place)})
    assert said.code == 2
    assert "signing key" in said.stderr


def test_a_terminal_without_our_marks_gets_others(readiness: Readiness) -> None:
    readiness.project(APP)
    assert readiness("check", "app", "--only", "starts", env={"PYTHONIOENCODING": "ascii"}).code == 0


def test_a_missing_interpreter_is_named_also_where_nothing_is_installed(readiness: Readiness) -> None:
    readiness.project({**APP, "readiness.toml": DEMO + '[infrastructure]\npython = "3.5"\n'})
    said = readiness("check", "app")
    assert said.code == 3
    assert "Python 3.5 (readiness.toml) is not on this machine" in said.stdout


@pytest.mark.parametrize("word", ["verify", "show"])
def test_the_evidence_of_no_folder_is_misuse(readiness: Readiness, word: str) -> None:
    assert readiness("evidence", word, "--project", "nothing").code == 2


def test_a_project_is_looked_up_inside_the_repository_that_was_named(readiness: Readiness) -> None:
    readiness.project({f"{name}/{file}": text for name in "ab" for file, text in {**APP, "requirements.txt": ""}.items()}, "mono")
    said = readiness("check", "mono", "--project", "b", "--only", "images-pinned")
    assert said.code == 3
    assert "· b" in said.stdout


def test_an_empty_word_in_a_command_is_a_bad_field(readiness: Readiness) -> None:
    readiness.project({**APP, "readiness.toml": '[demo]\ncommand = [""]\n'})
    said = readiness("check", "app", *RECREATES)
    assert said.code == 2
    assert said.stderr.startswith("error: readiness.toml:2: `command` must be a list of words")


def test_a_reader_that_stops_early_is_no_error(readiness: Readiness) -> None:
    env = {name: value for name, value in readiness.env.items() if name != "PYTHONUNBUFFERED"}
    program = ["sh", "-c", '"$@" | true', "sh", sys.executable, "-m", "readiness", "checks"]
    done = subprocess.run(program, capture_output=True, text=True, env=env, check=False)
    assert done.stderr == ""
