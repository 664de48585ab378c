"""Approving, waiving, changing the mode and the five questions, as people see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from readiness.testing.projects import commit, git, make_repository
from tests.cli.conftest import APP, GOLDEN, Readiness, Said, Within
from tests.people import ADA, GRACE, person
from tests.runs.stated import AUTHORITY, OUTCOME, TICKETS

Golden = Callable[[str, Said], None]
TODAY = datetime.now(UTC).date()
SLOPPY = {
    "Dockerfile": "FROM python:latest\n",
    "readiness.toml": '[project]\nid = "bot"\nstakes = "money"\n',
    "requirements.txt": "tiny @ file:///gone\n",
}
WAIVE = (
    "--subject", "Dockerfile:python:latest", "--reason", "rebuilt every night", "--owner", "ben@example.org",
    "--approver", "grace@example.org", "--days", "30", "--blast-radius", "one batch job",
    "--retirement", "pinned when the base image is ours",
)  # fmt: skip


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


def told(said: Said) -> Said:
    """A run without what is another one on every day and machine: today and the days from it, digests, commits, times."""
    days = {str(TODAY): "[TODAY]", str(TODAY + timedelta(days=30)): "[IN 30 DAYS]", f"w-{TODAY.year}-": "w-[YEAR]-"}

    def plain(text: str) -> str:
        for day, name in days.items():
            text = text.replace(day, name)
        return text

    text = re.sub(r"\[TODAY\]-[0-9a-f]{12}", "[PAGE]", plain(said.stdout))
    text = re.sub(r"ssh-ed25519 \S+", "ssh-ed25519 [KEY]", re.sub(r"@[0-9a-f]{7}\b", "@[COMMIT]", text))
    words = tuple("[KEYS]/" + word.rpartition("/")[2] if "/keys/" in word else plain(word) for word in said.words)
    return replace(said, stdout=text, words=words)


STATED = {"outcomes/tickets.yaml": OUTCOME, "data/tickets.csv": TICKETS, "authority.yaml": AUTHORITY, "main.py": "print('hello')\n"}
REVIEWED = "say hello again\n\nReviewed-by: Grace Hopper <grace@example.org>\nReviewed-by: Dorothy Vaughan <dorothy@example.org>"


def project(readiness: Readiness, files: dict[str, str]) -> Path:
    return make_repository(readiness.project(files))


def test_questions_are_answered_or_say_what_is_missing(readiness: Readiness, golden: Golden) -> None:
    root = project(readiness, APP)
    git(root, "tag", "poc-1")
    (root / "main.py").write_text("print('hello again')\n")
    said = readiness("questions", "app")
    golden("approve/questions", replace(told(said), stdout=re.sub(r"since [0-9a-f]{7}", "since [COMMIT]", told(said).stdout)))
    assert said.code == 1
    found = readiness("questions", "app", "--format", "json")
    assert (found.code, found.json["schema"], found.json["exit"]) == (1, "readiness/questions/1", 1)
    assert [item["outcome"] for item in found.json["answers"]] == ["holds", "unknown", "holds", "unknown", "fails"]
    assert found.json["answers"][2]["changed"]["factors"]["code"] == ["main.py: top level changed"]


def test_a_project_that_is_not_ready_is_told_so(readiness: Readiness, golden: Golden) -> None:
    root = project(readiness, {**SLOPPY, **STATED})
    (root / "main.py").write_text("print('hello again')\n")
    commit(root, REVIEWED, when=f"{TODAY}T00:00:00Z")
    said = readiness("approve", "app")
    golden("approve/not_ready", told(said))
    assert said.code == 1
    found = readiness("approve", "app", "--format", "json")
    assert (found.code, found.json["schema"]) == (1, "readiness/approval/1")
    assert (found.json["decision"], found.json["exit"]) == ("not ready", 1)
    assert found.json["obstacles"][0]["area"] == "infrastructure"
    assert sorted(path.suffix for path in (root / "approvals").iterdir()) == [".html", ".json", ".md"]


def test_before_there_is_code_what_is_missing_is_told(readiness: Readiness, golden: Golden) -> None:
    project(readiness, {"readiness.toml": '[project]\nid = "bot"\n', "outcomes/tickets.yaml": OUTCOME.replace(", max_rate: 0.02", "")})
    said = readiness("approve", "app", "--to-build")
    golden("approve/not_yet", told(said))
    assert said.code == 1


def test_a_page_is_signed_and_verified(readiness: Readiness, golden: Golden, tmp_path: Path) -> None:
    root = project(readiness, {**SLOPPY, "authority.yaml": AUTHORITY, "main.py": "print('hello')\n"})
    golden("approve/verify_none", readiness("approve", "verify", "app"))
    grace, ada = person(tmp_path / "keys", GRACE), person(tmp_path / "keys", ADA)
    (root / "waivers").mkdir()
    (root / "waivers/allowed_signers").write_text(grace.line)
    commit(root, "say whose key is whose", author=GRACE)
    refused = readiness("approve", "app", "--sign", "--key", str(ada.key))
    assert refused.code == 2
    golden("approve/sign_refused", replace(told(refused), stderr=refused.stderr.replace(str(ada.key), "[KEYS]/ada")))
    assert readiness("approve", "app", "--sign", "--key", str(grace.key)).code == 1
    verified = readiness("approve", "verify", "app")
    golden("approve/verify", told(verified))
    assert verified.code == 1  # it is signed, and it is a no
    (page,) = (root / "approvals").glob("*.html")
    assert "Fix the organisation first" in page.read_text()
    page.write_text(page.read_text().replace("Fix the organisation first", "Yes: it may go to production"))
    golden("approve/verify_edited", told(readiness("approve", "verify", "app")))


def test_a_waiver_is_written_signed_listed_and_counts(readiness: Readiness, golden: Golden, tmp_path: Path) -> None:
    root = project(readiness, SLOPPY)
    golden("approve/waive_none", readiness("waive", "list", "--project", "app"))
    golden("approve/waive", told(readiness("waive", "images-pinned", "--project", "app", *WAIVE)))
    commit(root, "accept the image", author=ADA)
    golden("approve/waive_list", told(readiness("waive", "list", "--project", "app")))
    grace = person(tmp_path / "keys", GRACE)
    name = f"w-{TODAY.year}-01"
    golden("approve/waive_sign", told(readiness("waive", "sign", name, "--project", "app", "--key", str(grace.key))))
    (root / "waivers/allowed_signers").write_text(grace.line)
    commit(root, "say whose key is whose", author=GRACE)
    golden("approve/waive_list_signed", told(readiness("waive", "list", "--project", "app")))
    found = readiness("check", "app", "--only", "images-pinned", "--format", "json").finding("images-pinned")
    assert (found["outcome"], found["notes"]) == ("waived", [f"waived by {name}"])


def test_a_mode_is_changed_and_shown(readiness: Readiness, golden: Golden) -> None:
    root = readiness.project({**APP, "compose.yaml": "services:\n  db: {image: 'postgres:16'}\n"})
    golden("approve/mode", readiness("mode", "--project", "app"))
    ends = str(TODAY + timedelta(days=30))
    said = readiness("mode", "prototype", "--project", "app", "--until", ends, "--reason", "is it any good", "--owner", "ada@example.org")
    golden("approve/mode_prototype", told(said))
    assert said.code == 0
    text = (root / "readiness.toml").read_text()
    (root / "readiness.toml").write_text(text.replace(ends, "2026-01-31"))
    golden("approve/mode_ended", readiness("mode", "--project", "app"))
    assert readiness("check", "app", "--layer", "infrastructure").code == 1


BAD = {
    "approve_two": ("approve", "app", "other"),
    "approve_no_folder": ("approve", "nothing"),
    "approve_no_key": ("approve", "app", "--to-build", "--sign", "--key", "nothing"),
    "questions_no_folder": ("questions", "nothing"),
    "waive_nothing": ("waive", "images-pinned", "--project", "app"),
    "waive_unknown_check": ("waive", "image-pinned", "--project", "app", *WAIVE),
    "waive_too_long": ("waive", "images-pinned", "--project", "app", *WAIVE, "--days", "91"),
    "waive_own": ("waive", "images-pinned", "--project", "app", *WAIVE, "--approver", "ben@example.org"),
    "waive_placeholder": ("waive", "images-pinned", "--project", "app", *WAIVE, "--reason", "TODO"),
    "waive_sign_nothing": ("waive", "sign", "--project", "app"),
    "waive_sign_unknown": ("waive", "sign", "w-1", "--project", "app"),
    "mode_no_end": ("mode", "research", "--project", "app"),
    "mode_no_date": ("mode", "research", "--project", "app", "--until", "soon", "--reason", "a", "--owner", "b"),
    "mode_passed": ("mode", "research", "--project", "app", "--until", "2026-01-01", "--reason", "a", "--owner", "b"),
    "mode_production_until": ("mode", "production", "--project", "app", "--until", "2099-01-01"),
    "mode_none_named": ("mode", "--project", "app", "--until", "2099-01-01"),
    "mode_no_folder": ("mode", "--project", "nothing"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_call_that_cannot_work_says_why_and_changes_nothing(readiness: Readiness, golden: Golden, name: str) -> None:
    root = readiness.project(APP)
    said = readiness(*BAD[name])
    golden(f"approve/bad_{name}", said)
    assert (said.code, said.stdout) == (2, "")
    assert (root / "readiness.toml").read_text() == APP["readiness.toml"]
    assert sorted(path.name for path in root.iterdir()) == sorted(APP)


def test_every_golden_file_is_used() -> None:
    named = {f"bad_{name}" for name in BAD} | {
        "questions", "not_ready", "not_yet", "verify_none", "verify", "verify_edited", "sign_refused", "waive_none", "waive", "waive_list",
        "waive_sign", "waive_list_signed", "mode", "mode_prototype", "mode_ended",
    }  # fmt: skip
    assert {path.stem for path in (GOLDEN / "approve").iterdir()} == named
