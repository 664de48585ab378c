"""Ways to a wrong verdict on secrets: allowances, histories that are not here, scanners that fail, projects that hide things."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.layers.security import fingerprint
from readiness.runs import check
from readiness.sequence.finding import Cause, Finding, Location, Outcome
from readiness.testing.projects import commit, git, make_repository
from readiness.world import scanner
from tests.layers.security.planted import Drawn

ID = "security.secrets-absent"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOKEN = "gh" + f"p_{Drawn(5).word(36)}"
PASSWORD = Drawn(6).word(14)
URI = f'URL = "mysql+pymysql://shop:{PASSWORD}@db.shop.io/shop"\n'

Check = Callable[[Path], Finding]


@pytest.fixture
def run(offline: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Runs the check alone on a folder, at a fixed time; the scanner's compiled rules are shared by the tests."""

    def one(root: Path) -> Finding:
        judged = check.check(root, check.Options(only=(ID,), again=True), now=NOW)
        finding = judged.verdict.layers[1].checks[0].finding
        for value in (TOKEN, PASSWORD):
            assert value not in repr(judged)
        return finding

    return one


def allow(value: str, expires: str) -> str:
    said = f'reason = "rotated in January"\nowner = "Ada <ada@example.org>"\nexpires = {expires}\n'
    return f'[[security.allow]]\nfingerprint = "{fingerprint.of(value)}"\n{said}'


def test_a_secret_is_told_by_kind_place_and_fingerprint_alone(run: Check, tmp_path: Path) -> None:
    finding = run(make_repository(tmp_path / "shop", {"a.py": f'X = 1\nT = "{TOKEN}"\n'}))
    assert (finding.outcome, finding.cause, finding.location) == (Outcome.FAILS, Cause.PROJECT, Location("a.py", 2))
    assert finding.problems[0].subject == f"github-pat {fingerprint.of(TOKEN)}"
    assert finding.remedy.command == "git blame -L 2,2 -- a.py"


def test_a_settings_file_is_taken_out_of_the_repository(run: Check, tmp_path: Path) -> None:
    finding = run(make_repository(tmp_path / "shop", {"conf/.env": f"DB_PASSWORD={PASSWORD}\n"}))
    assert finding.remedy.command == "git rm --cached -- conf/.env && echo /conf/.env >> .gitignore"


def test_an_allowed_secret_counts_again_when_its_time_is_over(run: Check, tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": URI, "readiness.toml": allow(PASSWORD, "2026-03-01")})
    finding = run(root)
    assert (finding.outcome, finding.notes) == (
        Outcome.HOLDS, (f"allowed until 2026-03-01: {fingerprint.of(PASSWORD)} (rotated in January; Ada <ada@example.org>)",),
    )  # fmt: skip
    (root / "readiness.toml").write_text(allow(PASSWORD, "2026-02-28"))
    finding = run(root)
    assert finding.outcome is Outcome.FAILS
    assert finding.reason.endswith("it was allowed until 2026-02-28")


def test_an_allowance_of_more_than_90_days_does_not_count(run: Check, tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": URI, "readiness.toml": allow(PASSWORD, "2026-05-30")})
    assert run(root).outcome is Outcome.HOLDS
    (root / "readiness.toml").write_text(allow(PASSWORD, "2026-05-31"))
    finding = run(root)
    assert finding.outcome is Outcome.FAILS
    assert finding.reason.endswith("it is allowed until 2026-05-31, and 90 days are the most")


def test_what_could_not_be_read_leaves_it_unknown_and_what_was_found_fails(run: Check, tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": "X = 1\n"})
    (root / "old.zip").write_bytes(b"PK\x03\x04" + bytes(60))
    commit(root, "add")
    finding = run(root)
    assert (finding.outcome, finding.cause, finding.subject) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED, "old.zip")
    assert finding.reason == "old.zip cannot be unpacked: BadZipFile, so it was not looked through"
    (root / "a.py").write_text(URI)
    finding = run(root)
    assert finding.outcome is Outcome.FAILS
    assert finding.notes == ("not everything was looked at: old.zip cannot be unpacked: BadZipFile",)


def test_an_allowance_is_for_one_value_and_says_when_it_is_not_needed(run: Check, tmp_path: Path) -> None:
    finding = run(make_repository(tmp_path / "shop", {"a.py": URI, "readiness.toml": allow(TOKEN, "2026-04-01")}))
    assert finding.outcome is Outcome.FAILS
    assert finding.notes == (f"allowed and not there: {fingerprint.of(TOKEN)}",)


def test_what_a_commit_added_and_a_later_one_removed_is_told_with_the_commit(run: Check, tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": "X = 1\n"})
    (root / "a.py").write_text(f'X = 1\nT = "{TOKEN}"\n{URI}')
    added = commit(root, "add")
    (root / "b.py").write_text(f'T = "{TOKEN}"\n')
    commit(root, "add again")
    (root / "b.py").unlink()
    (root / "a.py").write_text("X = 1\n")
    commit(root, "remove")
    finding = run(root)
    assert finding.outcome is Outcome.FAILS
    assert {problem.subject for problem in finding.problems} == {
        f"github-pat {fingerprint.of(TOKEN)}", f"database-uri {fingerprint.of(PASSWORD)}",
    }  # fmt: skip
    assert all(f"commit {added[:12]} in a.py:" in problem.text and problem.location is None for problem in finding.problems)
    assert "invalid" in finding.remedy.text
    assert "removing the line does not help" in finding.remedy.text
    assert finding.remedy.command == f"git show {added[:12]} -- a.py"


def test_only_the_history_of_the_project_that_led_to_its_commit_counts(run: Check, tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"app/a.py": "X = 1\n", "app/requirements.txt": "", "other/b.py": URI})
    git(root, "checkout", "-q", "-b", "open")
    (root / "app/c.py").write_text(f'T = "{TOKEN}"\n')
    commit(root, "elsewhere")
    git(root, "checkout", "-q", "main")
    assert run(root / "app").outcome is Outcome.HOLDS
    git(root, "-c", "user.name=a", "-c", "user.email=a@b", "merge", "-q", "open")
    (root / "app/c.py").unlink()
    commit(root, "remove")
    finding = run(root / "app")
    assert finding.outcome is Outcome.FAILS
    assert " in c.py:1" in finding.reason


def test_without_the_whole_history_nothing_holds_and_the_files_still_fail(run: Check, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "a.py").write_text("X = 1\n")
    finding = run(plain)
    assert (finding.outcome, finding.cause, "no git repository" in finding.reason) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED, True)
    (plain / "a.py").write_text(URI)
    assert run(plain).outcome is Outcome.FAILS
    root = make_repository(tmp_path / "shop", {"a.py": "X = 1\n"})
    (root / "a.py").write_text("X = 2\n")
    commit(root, "change")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", str(tmp_path / "shallow"))
    finding = run(tmp_path / "shallow")
    assert (finding.outcome, finding.remedy.command) == (Outcome.UNKNOWN, "git fetch --unshallow")


@pytest.mark.parametrize(
    ("script", "said"),
    [(None, "is not installed"), ("exit 3", "ended with exit 3"), ("kill -9 $$", "ended with signal 9"),
     ("sleep 60", "did not end within 1 s"),
         ("echo '{}'", "not what version 2 writes"), ("echo '{\"findings\":[],\"audit\":{\"repositories\":[]}}'", "looked at nothing")],
    ids=["missing", "failing", "crashing", "hanging", "talking nonsense", "idle"],
)  # fmt: skip
def test_a_scanner_that_fails_leaves_it_unknown_and_our_own_rules_fail(
    run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, said: str
) -> None:
    program = tmp_path / "scanner"
    if script is not None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(scanner, "program", lambda: program if script is not None else None)
    monkeypatch.setattr("readiness.layers.security.secrets.TREE_LIMIT_S", 1.0)
    monkeypatch.setattr("readiness.layers.security.secrets.HISTORY_LIMIT_S", 1.0)
    root = make_repository(tmp_path / "shop", {"a.py": "X = 1\n"})
    finding = run(root)
    assert (finding.outcome, finding.cause, said in finding.reason) == (Outcome.UNKNOWN, Cause.TOOL, True)
    (root / "a.py").write_text(URI)
    finding = run(root)
    assert (finding.outcome, any(said in note for note in finding.notes)) == (Outcome.FAILS, True)


def test_a_project_cannot_hide_what_it_holds(run: Check, tmp_path: Path) -> None:
    named = [
        "node_modules/a.py",
        "vendor/a.min.js",
        "poetry.lock",
        "a.svg",
        "tests/fixtures/a.txt",
        "gitleaks.toml",
        "ignored/a.py",
        "a b'c.py",
    ]
    ignoring = {
        "ignored/.gitignore": "*\n",
        ".ignore": "*\n",
        ".gitattributes": "* -diff -text\n",
        ".gitleaks.toml": "[allowlist]\npaths = ['.*']\n",
    }
    root = make_repository(tmp_path / "shop", {**dict.fromkeys(named, f'T = "{TOKEN}"  # kingfisher:ignore gitleaks:allow\n'), **ignoring})
    git(root, "add", "-f", ".")
    found = {problem.location.file for problem in run(root).problems if problem.location}
    assert found == set(named)


def test_what_a_link_leads_to_is_not_the_projects(run: Check, tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": "X = 1\n"})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.py").write_text(URI)
    (root / "b.py").symlink_to(tmp_path / "outside/secret.py")
    (root / "folder").symlink_to(tmp_path / "outside")
    commit(root, "link")
    assert run(root).outcome is Outcome.HOLDS


def test_text_in_utf16_and_in_an_archive_is_read(run: Check, tmp_path: Path) -> None:
    import zipfile

    root = make_repository(tmp_path / "shop", {"a.py": "X = 1\n"})
    (root / "wide.txt").write_bytes(f'T = "{TOKEN}"\n'.encode("utf-16"))
    with zipfile.ZipFile(root / "old.zip", "w") as archive:
        archive.writestr("inner.py", f'T = "gh{TOKEN[2:-1]}Q"\n')
    commit(root, "add")
    assert {problem.location.file for problem in run(root).problems if problem.location} == {"wide.txt", "old.zip"}
