"""What history says of a project: when a part began, under whatever name, and who wrote and reviewed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.testing.projects import commit, git, make_repository
from readiness.world import history
from readiness.world import project as projects


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "desk", {"README.md": "desk\n", "data/a.csv": "x\n"}, when="2026-01-01T12:00:00Z")


def write(root: Path, path: str, text: str = "x = 1\n" * 20) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def day(found: history.Commit | None) -> str:
    return f"{found.at:%Y-%m-%d}" if found else ""


def test_a_part_begins_with_the_first_commit_that_touched_it(repo: Path) -> None:
    write(repo, "src/app.py")
    commit(repo, "code", when="2026-02-01T12:00:00Z")
    write(repo, "src/app.py", "y = 2\n")
    commit(repo, "more", when="2026-03-01T12:00:00Z")
    project = projects.load(repo)
    assert day(history.first_touch(project, ["src"])) == "2026-02-01"
    assert day(history.first_touch(project, ["."])) == "2026-01-01"
    assert day(history.first_touch(project, ["."], ["README*", "**/*.csv"])) == "2026-02-01"
    assert history.first_touch(project, ["lib"]) is None


def test_a_move_does_not_make_a_part_younger(repo: Path) -> None:
    write(repo, "old/deep/app.py")
    commit(repo, "code", when="2026-02-01T12:00:00Z")
    write(repo, "src/other.py", "z = 3\n")
    commit(repo, "a new folder", when="2026-05-01T12:00:00Z")
    git(repo, "mv", "old/deep/app.py", "lib.py")
    commit(repo, "move", when="2026-06-01T12:00:00Z")
    git(repo, "mv", "lib.py", "src/app.py")
    commit(repo, "move again", when="2026-07-01T12:00:00Z")
    assert day(history.first_touch(projects.load(repo), ["src"])) == "2026-02-01"


def test_a_part_removed_and_made_anew_began_when_it_first_was_there(repo: Path) -> None:
    write(repo, "src/app.py")
    commit(repo, "code", when="2026-02-01T12:00:00Z")
    git(repo, "rm", "-q", "-r", "src")
    commit(repo, "away", when="2026-03-01T12:00:00Z")
    write(repo, "src/app.py", "new = True\n")
    commit(repo, "anew", when="2026-04-01T12:00:00Z")
    assert day(history.first_touch(projects.load(repo), ["src"])) == "2026-02-01"


def test_of_two_dates_the_earlier_counts(repo: Path) -> None:
    write(repo, "src/app.py")
    git(repo, "add", "-A")
    dates = {"GIT_AUTHOR_DATE": "2026-09-01T12:00:00Z", "GIT_COMMITTER_DATE": "2026-02-01T12:00:00Z"}
    who = {f"GIT_{role}_{part}": "ada@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    git(repo, "commit", "-q", "-m", "a date from the future", env=dates | who)
    assert day(history.first_touch(projects.load(repo), ["src"])) == "2026-02-01"


def test_a_side_branch_counts(repo: Path) -> None:
    git(repo, "checkout", "-q", "-b", "side")
    write(repo, "src/app.py")
    commit(repo, "on the side", when="2026-02-01T12:00:00Z")
    git(repo, "checkout", "-q", "main")
    write(repo, "src/app.py")
    commit(repo, "the same on main", when="2026-03-01T12:00:00Z")
    who = {f"GIT_{role}_{part}": "ada@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    git(repo, "merge", "-q", "--no-ff", "-m", "merge", "side", env=who)
    assert day(history.first_touch(projects.load(repo), ["src"])) == "2026-02-01"


def test_a_project_below_its_repository_has_its_own_beginning(repo: Path) -> None:
    write(repo, "apps/desk/main.py")
    commit(repo, "desk", when="2026-04-01T12:00:00Z")
    write(repo, "apps/other/main.py", "q = 9\n")
    commit(repo, "other", when="2026-03-01T12:00:00Z")
    project = projects.load(repo / "apps/desk")
    assert day(history.first_touch(project, ["."])) == "2026-04-01"


def test_the_content_of_a_file_is_as_old_as_its_last_commit(repo: Path) -> None:
    project = projects.load(repo)
    assert day(history.last_touch(project, "data/a.csv")) == "2026-01-01"
    write(repo, "data/a.csv", "y\n")
    assert history.last_touch(projects.load(repo), "data/a.csv") is None
    write(repo, "data/b.csv")
    assert history.last_touch(projects.load(repo), "data/b.csv") is None


def test_authors_reviewers_and_helpers_are_people_and_programs_are_not(repo: Path) -> None:
    write(repo, ".mailmap", "Ada Lovelace <ada@example.org> <al@old.example.org>\nBea <bea@example.org> <bea@old.example.org>\n")
    message = (
        "code\n\nReviewed-by: Bea Old <bea@old.example.org>\nSigned-off-by: Ada <ada@example.org>\n"
        "Co-authored-by: Cy <cy@example.org>\nReviewed-by: not an address"
    )
    write(repo, "src/app.py")
    commit(repo, message, author="A. L. <al@old.example.org>", when="2026-02-01T12:00:00Z")
    write(repo, "src/app.py", "bump = 1\n")
    commit(repo, "bump", author="dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>", when="2026-03-01T12:00:00Z")
    found = {(deed.who.name, deed.who.email, deed.review, deed.inside) for deed in history.deeds(projects.load(repo), ["src"])}
    assert found == {
        ("Ada", "ada@example.org", False, False),
        ("Ada Lovelace", "ada@example.org", False, True),
        ("Bea", "bea@example.org", True, True),
        ("Cy", "cy@example.org", False, True),
    }


def test_nobody_reviews_themselves_under_an_old_address(repo: Path) -> None:
    write(repo, ".mailmap", "<ada@example.org> <al@old.example.org>\n")
    write(repo, "src/app.py")
    commit(repo, "code\n\nReviewed-by: Ada <al@old.example.org>", when="2026-02-01T12:00:00Z")
    assert not any(deed.review for deed in history.deeds(projects.load(repo)))


def test_without_git_or_commits_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x\n")
    assert "no git repository" in history.readable(projects.load(tmp_path))
    git(tmp_path, "init", "-q")
    assert history.readable(projects.load(tmp_path)) == "nothing is committed yet"
