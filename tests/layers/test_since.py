"""The ratchet from end to end: what a change made is worse, what it only made visible is newly seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readiness.cli import main as cli
from readiness.runs import check, since
from readiness.sequence.finding import Outcome
from readiness.testing.projects import commit, make_repository

ONE = check.Options(only=("infrastructure.recreates-elsewhere",))
IMAGES = check.Options(only=("infrastructure.images-pinned",))
TOML = '[demo]\ncommand = ["python", "run.py"]\noutputs = ["out.txt"]\n'
SAME = "from pathlib import Path\n\nPath('out.txt').write_text('three days')\n"
OTHER = "import os\nfrom pathlib import Path\n\nPath('out.txt').write_text(os.urandom(8).hex())\n"


def changed(root: Path, files: dict[str, str], options: check.Options) -> since.Comparison:
    """What a change of these files makes worse, and what it brings into sight."""
    for name, text in files.items():
        (root / name).write_text(text)
    commit(root, "change")
    return since.compare(root, "HEAD~1", options, check.Watcher())


def names(found: tuple[object, ...]) -> list[tuple[Outcome, Outcome]]:
    return [(item.before, item.after) for item in found]  # type: ignore[attr-defined]


def test_declaring_a_demo_that_never_gave_the_same_result_makes_nothing_worse(offline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_repository(offline / "bot", {"run.py": OTHER, "lib.py": "A = 1\n"})
    found = changed(root, {"readiness.toml": TOML, "lib.py": "A = 2\n"}, ONE)
    assert (names(found.worse), names(found.seen)) == ([], [(Outcome.UNKNOWN, Outcome.FAILS)])
    capsys.readouterr()
    assert cli.main(["check", "--since", "HEAD~1", "--only", *ONE.only, "--format", "json", str(root)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["exit"], told["worse"], told["newly_seen"]) == (0, [], [*ONE.only])


def test_declaring_a_demo_and_breaking_it_in_one_change_is_worse(offline: Path) -> None:
    root = make_repository(offline / "bot", {"run.py": SAME})
    found = changed(root, {"readiness.toml": TOML, "run.py": OTHER}, ONE)
    assert (names(found.worse), found.seen) == ([(Outcome.UNKNOWN, Outcome.FAILS)], ())


def test_declaring_a_demo_that_comes_with_it_is_judged_over_what_was_there(offline: Path) -> None:
    lib = OTHER.replace("import os", "import os\n\n\ndef write():\n    pass\n")
    root = make_repository(offline / "bot", {"work.py": lib})
    found = changed(root, {"readiness.toml": TOML, "run.py": "import work\n"}, ONE)
    assert (found.worse, names(found.seen)) == ((), [(Outcome.UNKNOWN, Outcome.FAILS)])


def test_a_demo_that_held_and_does_not_any_more_is_worse(offline: Path) -> None:
    root = make_repository(offline / "bot", {"run.py": SAME, "readiness.toml": TOML})
    found = changed(root, {"run.py": OTHER, "readiness.toml": TOML + "timeout_s = 60\n"}, ONE)
    assert names(found.worse) == [(Outcome.HOLDS, Outcome.FAILS)]


@pytest.mark.parametrize("manifest", [{}, {"readiness.toml": TOML}], ids=["alone", "with a manifest"])
def test_adding_a_bad_file_where_there_was_none_is_worse(offline: Path, manifest: dict[str, str]) -> None:
    root = make_repository(offline / "bot", {"run.py": SAME})
    found = changed(root, {"Dockerfile": "FROM python:latest\n", **manifest}, IMAGES)
    assert names(found.worse) == [(Outcome.NOT_APPLICABLE, Outcome.FAILS)]


def test_a_demo_that_could_not_be_told_and_fails_now_is_newly_seen(offline: Path) -> None:
    asking = "import os\n\nos.environ['DESK_KEY']\n" + OTHER
    root = make_repository(offline / "bot", {"run.py": asking, "readiness.toml": TOML})
    found = changed(root, {"readiness.toml": TOML + 'env = { DESK_KEY = "x" }\n'}, ONE)
    assert (found.worse, names(found.seen)) == ((), [(Outcome.UNKNOWN, Outcome.FAILS)])
