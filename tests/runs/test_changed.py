"""What changed since the POC: which commit is taken for it, and what is told of each factor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.runs import changed as changes
from readiness.runs.changed import Changed
from readiness.runs.check import Options, check
from readiness.sequence.layers import Layer
from readiness.testing.projects import commit, git, make_repository
from readiness.world import project as projects

OLD = {
    "readiness.toml": '[project]\nid = "bot"\n[demo]\ncommand = ["python", "bot.py"]\ntimeout_s = 60\n',
    "requirements.txt": "requests==2.31.0\nnumpy==1.26.0\n",
    "bot.py": "import os\nprint(os.environ['MODEL'])\n",
    "prompts/answer.txt": "Answer.\n",
    "data/faq.json": "[]\n",
    "contracts/faq.odcs.yaml": "apiVersion: v3.0.0\n",
    "Dockerfile": "FROM python:3.11\n",
    "compose.yaml": "services:\n  db: {image: 'postgres:15'}\n",
    "README.md": "a bot\n",
}
NEW = {
    "readiness.toml": '[project]\nid = "bot"\n[demo]\ncommand = ["python", "bot.py"]\ntimeout_s = 90\n',
    "requirements.txt": "requests==2.32.0\npsycopg==3.2.0\n",
    "bot.py": "import os\nprint(os.environ['MODEL_NAME'])\nprint('more')\n",
    "prompts/answer.txt": "Answer in one sentence.\n",
    "data/faq.json": "[1]\n",
    "contracts/faq.odcs.yaml": "apiVersion: v3.1.0\n",
    "Dockerfile": "FROM python:3.12\n",
    "compose.yaml": "services:\n  db: {image: 'postgres:16'}\n  cache: {build: .}\n",
    "README.md": "the bot\n",
    "new.py": "X = 1\n",
}


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def compared(root: Path) -> Changed:
    manifest = manifests.load(root)
    return changes.changed(projects.load(root, manifest.project_id), manifest)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return make_repository(tmp_path / "bot", OLD)


def test_every_factor_is_told_by_what_it_is(root: Path) -> None:
    git(root, "tag", "poc-1")
    write(root, NEW)
    commit(root, "production")
    found = compared(root)
    assert found.poc is not None
    assert found.poc.known_by == "tag poc-1"
    assert {factor.name: factor.lines for factor in found.factors} == {
        "model": (),
        "prompts": ("prompts/answer.txt: words “Answer.” → “Answer in one sentence.”",),
        "data": ("data/faq.json: . removed ([])", "data/faq.json: [0] added (1)"),
        "configuration": (
            "variable MODEL_NAME is read",
            "variable MODEL is no longer read",
            "contracts/faq.odcs.yaml: apiVersion v3.0.0 → v3.1.0",
            "readiness.toml: demo.timeout_s 60 → 90",
        ),
        "infrastructure": (
            "locked: numpy removed (1.26.0)",
            "locked: psycopg added (3.2.0)",
            "locked: requests 2.31.0 → 2.32.0",
            "Dockerfile: image 1 python:3.11 → python:3.12",
            "compose.yaml: services.cache.build added (.)",
            "compose.yaml: services.db.image postgres:15 → postgres:16",
        ),
        "code": ("bot.py: top level changed", "new.py added (6 B)"),
    }
    assert found.summary.startswith("1 in prompts, 2 in data, 4 in configuration")


def test_what_is_not_committed_counts_too(root: Path) -> None:
    git(root, "tag", "poc")
    (root / "bot.py").unlink()
    write(root, {"fresh.py": "Y = 2\n"})
    code = next(factor for factor in compared(root).factors if factor.name == "code")
    assert code.lines == ("bot.py removed (37 B)", "fresh.py added (6 B)")


def test_nothing_changed_is_told(root: Path) -> None:
    git(root, "tag", "poc")
    assert compared(root).summary == "nothing"


def test_the_newest_tag_counts_and_other_tags_do_not(root: Path) -> None:
    git(
        root,
        "tag",
        "-a",
        "-m",
        "x",
        "poc-old",
        env={"GIT_COMMITTER_DATE": "2026-01-06T00:00:00Z", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"},
    )
    write(root, {"bot.py": "print(2)\n"})
    newer = commit(root, "second", when="2026-02-01T00:00:00Z")
    git(root, "tag", "poc-new")
    git(root, "tag", "release-1")
    found = compared(root)
    assert found.poc is not None
    assert (found.poc.commit, found.poc.known_by) == (newer, "tag poc-new")


RESEARCH = '[project]\nid = "bot"\nmode = "research"\nuntil = 2026-12-20\nreason = "a try"\nowner = "Ada"\n'
PRODUCTION = '[project]\nid = "bot"\n'


def test_the_last_commit_in_another_mode_is_the_poc(root: Path) -> None:
    write(root, {"readiness.toml": RESEARCH})
    commit(root, "try it")
    write(root, {"bot.py": "print(3)\n"})
    last = commit(root, "still trying")
    write(root, {"readiness.toml": PRODUCTION})
    commit(root, "take it to production")
    write(root, {"bot.py": "print(4)\n"})
    commit(root, "more")
    found = compared(root)
    assert found.poc is not None
    assert (found.poc.commit, found.poc.known_by) == (last, "last commit in research mode")


def test_a_mode_changed_without_a_commit_counts(root: Path) -> None:
    write(root, {"readiness.toml": RESEARCH})
    last = commit(root, "try it")
    write(root, {"readiness.toml": PRODUCTION})
    found = compared(root)
    assert found.poc is not None
    assert found.poc.commit == last


def test_a_project_in_another_mode_is_still_the_poc(root: Path) -> None:
    write(root, {"readiness.toml": RESEARCH})
    commit(root, "try it")
    assert (compared(root).missing, compared(root).command) == (changes.NO_POC, "git tag poc COMMIT")


def test_the_last_state_that_was_judged_is_taken_where_nothing_else_marks_it(root: Path) -> None:
    (root / "requirements.txt").unlink()
    (root / "Dockerfile").write_text("FROM python:latest\n")
    commit(root, "quick to judge")
    judged = git(root, "rev-parse", "HEAD").strip()
    check(root, Options(upto=Layer.INFRASTRUCTURE))
    assert compared(root).poc is None  # judged in this very state
    write(root, {"bot.py": "print(5)\n"})
    commit(root, "on")
    found = compared(root)
    assert found.poc is not None
    assert (found.poc.commit, found.poc.known_by) == (judged, "last state that was judged before")


def test_a_verdict_that_was_edited_marks_nothing(root: Path) -> None:
    folder = root / ".readiness/evidence/verdict"
    folder.mkdir(parents=True)
    (folder / f"{'a' * 12}-20260101T000000Z.dsse.json").write_text("{}")
    assert compared(root).poc is None


def test_without_git_nothing_is_compared(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    write(folder, OLD)
    found = compared(folder)
    assert (found.poc, found.missing) == (None, "there is no git history to find the POC in")


def test_a_project_in_a_folder_of_a_repository_is_compared_alone(tmp_path: Path) -> None:
    top = make_repository(tmp_path / "mono", {f"bot/{path}": text for path, text in OLD.items()} | {"other/app.py": "A = 1\n"})
    git(top, "tag", "poc")
    write(top / "bot", {"bot.py": "print(6)\n"})
    write(top / "other", {"app.py": "A = 2\n"})
    commit(top, "on")
    found = compared(top / "bot")
    assert next(factor for factor in found.factors if factor.name == "code").lines == ("bot.py: top level changed",)


BROKEN = {
    "readiness.toml": "[project\n",
    "uv.lock": "x = [",
    "compose.yaml": "services: [",
    "bot.py": "def (\n",
    "pyproject.toml": "[project]\ndependencies = 3\n",
}


def test_files_of_the_poc_that_cannot_be_read_break_nothing(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "bot", BROKEN)
    git(root, "tag", "poc")
    write(root, {"readiness.toml": PRODUCTION, "uv.lock": 'version = 1\n[[package]]\nname = "a"\nversion = "1"\n'})
    found = {factor.name: factor.lines for factor in compared(root).factors}
    assert found["infrastructure"] == ("uv.lock: size 5 B → 49 B",)
    assert found["configuration"] == ("readiness.toml: size 9 B → 21 B",)
