"""Whether training data is what somebody else signed: every way in which it is not, or cannot be told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.formats import training
from readiness.formats.training import FILE
from readiness.runs import data_sign
from readiness.runs.data_sign import Options
from readiness.sequence.finding import Basis, Cause, Finding, Outcome
from readiness.testing.projects import commit, git, make_repository
from readiness.world import keys
from tests.layers.conftest import Judge

ID = "security.training-data-signed"
MIRA, ADA, LEAD = "Mira <mira@example.org>", "Ada <ada@example.org>", "Lea <lea@example.org>"
ROWS = "id,text,label\n1,where is it,delivery\n2,charged twice,billing\n"
NOW = datetime(2026, 10, 2, 9, tzinfo=UTC)
Made = Callable[..., Path]


def toml(stakes: str = "regulation", training: str = 'training = ["data/train/*.csv"]', trust: str = "") -> str:
    return f'schema = 1\n[project]\nid = "desk"\nstakes = "{stakes}"\n[security]\n{training}\n{trust}'


@pytest.fixture
def made(offline: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """A project whose data Ada wrote, approved with a key of Mira's that Lea put into [trust]; commits at each step."""

    def build(stakes: str = "regulation", *, by: str = MIRA, adder: str = LEAD, author: str = ADA, trusted: bool = True) -> Path:
        root = make_repository(offline / "project", {"app.py": "VALUE = 3\n"})
        (root / "data/train").mkdir(parents=True)
        (root / "data/train/a.csv").write_text(ROWS)
        (root / "readiness.toml").write_text(toml(stakes))
        commit(root, "data", author=author)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(offline / "mira"))
        signed = data_sign.sign(root, Options(by=by), NOW)
        if trusted:
            (root / "readiness.toml").write_text(toml(stakes, trust=f'[trust]\nkeys = ["{signed.approval.signer}"]\n'))
        commit(root, "approve", author=adder)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(offline / "somebody"))
        return root

    return build


def texts(finding: Finding) -> list[str]:
    return [problem.text for problem in finding.problems]


def test_data_that_somebody_else_approved_holds(judge: Judge, made: Made) -> None:
    found = judge(ID, root=made())
    assert (found.outcome, found.basis) == (Outcome.HOLDS, Basis.EXECUTED)
    assert found.observed == f"1 file as approved by {MIRA} on 2026-10-02"


def test_every_file_that_differs_is_named(judge: Judge, made: Made) -> None:
    root = made()
    (root / "data/train/b.csv").write_text(ROWS)
    commit(root, "more")
    found = judge(ID, root=root)
    assert texts(found) == ["data/train/b.csv came after the approval of 2026-10-02: nobody signed it"]
    (root / "data/train/a.csv").unlink()
    (root / "data/train/b.csv").rename(root / "data/train/c.csv")
    commit(root, "moved")
    assert [problem.subject for problem in judge(ID, root=root).problems] == ["data/train/c.csv", "data/train/a.csv"]


@pytest.mark.parametrize(("stakes", "outcome"), [("money", Outcome.HOLDS), ("regulation", Outcome.FAILS), ("safety", Outcome.FAILS)])
def test_who_changed_the_data_last_does_not_approve_it_where_stakes_are_high(
    judge: Judge, made: Made, stakes: str, outcome: Outcome
) -> None:
    found = judge(ID, root=made(stakes, by=ADA))
    assert found.outcome is outcome
    assert outcome is Outcome.HOLDS or texts(found) == [f"data/train/a.csv was approved by {ADA}, who changed it last"]


def test_whoever_changed_the_data_does_not_add_the_key_it_is_approved_with(judge: Judge, made: Made) -> None:
    found = judge(ID, root=made(adder=ADA))
    assert texts(found) == ["data/train/a.csv was changed last by ada@example.org, who also added the key it is approved with"]


def test_an_unknown_key_is_no_verdict(judge: Judge, made: Made) -> None:
    found = judge(ID, root=made(trusted=False))
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.CONFIGURATION)
    assert "which [trust] does not name" in found.reason


def test_ones_own_key_alone_counts_below_regulation(judge: Judge, made: Made, offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for stakes, outcome in (("money", Outcome.HOLDS), ("regulation", Outcome.UNKNOWN)):
        root = made(stakes, trusted=False)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(offline / "mira"))
        assert judge(ID, root=root).outcome is outcome
        root.rename(offline / stakes)


def test_a_manifest_that_is_gone_edited_or_half_there_fails(judge: Judge, made: Made) -> None:
    root = made()
    path = root / FILE
    whole = path.read_bytes()
    for data, said in (
        (whole[: len(whole) // 2], "truncated or no JSON"), (b"", "truncated or no JSON"), (b"[]", "is no DSSE envelope"),
        (whole.replace(b'"sig": "', b'"sig": "AAAA'), "the signature does not match"),
        (json.dumps({**json.loads(whole), "signatures": []}).encode(), "is not signed"),
    ):  # fmt: skip
        path.write_bytes(data)
        found = judge(ID, root=root)
        assert found.outcome is Outcome.FAILS, said
        assert said in found.reason
    path.unlink()
    found = judge(ID, root=root)
    assert found.reason == f"there is no {FILE}: nobody approved the training data"
    assert found.remedy.command == "readiness data sign"


def test_a_manifest_of_other_content_or_another_time_fails(
    judge: Judge, made: Made, offline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made("money")
    approval = training.read((root / FILE).read_bytes())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(offline / "mira"))
    key = keys.own()
    assert key is not None
    late = training.Approval(1, datetime(2126, 1, 1, tzinfo=UTC), MIRA, approval.partitions)
    (root / FILE).write_bytes(training.emit(late, key.id, key.sign))
    assert "which is yet to come" in judge(ID, root=root).reason


def test_data_that_is_not_committed_or_not_there_is_unknown(judge: Judge, made: Made, offline: Path) -> None:
    root = made()
    git(root, "rm", "-q", "--cached", "data/train/a.csv")
    commit(root, "keep it out", author=LEAD)
    git(root, "rm", "-q", "--cached", "data/train/a.csv")
    found = judge(ID, root=root)
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert found.reason.startswith("git cannot say who changed data/train/a.csv last")
    (root / ".gitignore").write_text("data/\n")
    ignored = judge(ID, root=root)
    assert ignored.outcome is Outcome.UNKNOWN
    assert "git ignores data/train/a.csv, so that nothing says who changed it" in ignored.reason


def test_a_link_is_not_taken_for_what_it_leads_to(judge: Judge, made: Made) -> None:
    root = made()
    (root / "rows.csv").write_text(ROWS)
    (root / "data/train/a.csv").unlink()
    (root / "data/train/a.csv").symlink_to("../../rows.csv")
    found = judge(ID, root=root)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "data/train/a.csv is a link: what it leads to may change without it")


def test_a_pointer_of_git_lfs_stands_for_its_content(judge: Judge, made: Made) -> None:
    root = made()
    sha256 = hashlib.sha256(ROWS.encode()).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(ROWS)}\n"
    (root / "data/train/a.csv").write_text(pointer)
    commit(root, "into lfs")
    assert judge(ID, root=root).outcome is Outcome.HOLDS
    (root / "data/train/a.csv").write_text(pointer.replace(sha256[:4], "0000"))
    assert judge(ID, root=root).outcome is Outcome.FAILS


def test_training_that_is_not_declared_is_not_passed_over(judge: Judge) -> None:
    script = "open('data/rows.csv').read()\nprint('done')\n"
    seen = judge(ID, files={"train.py": script, "data/rows.csv": ROWS, "readiness.toml": '[demo]\ncommand = ["python", "train.py"]\n'})
    assert (seen.outcome, seen.cause) == (Outcome.UNKNOWN, Cause.CONFIGURATION)
    assert seen.reason == "`python train.py` looks like training, was seen to read data/rows.csv, and no training data is declared"
    assert '[security] training = ["data/rows.csv"]' in seen.remedy.text


@pytest.mark.parametrize(("path", "manifest", "outcome"), [
    ("src/finetune_model.py", "", Outcome.UNKNOWN), ("tests/train.py", "", Outcome.NOT_APPLICABLE),
    ("test_train.py", "", Outcome.NOT_APPLICABLE), ("trainer.py", "", Outcome.NOT_APPLICABLE),
    ("train.py", "[security]\ntraining = []\n", Outcome.NOT_APPLICABLE),
])  # fmt: skip
def test_names_that_look_like_training(judge: Judge, path: str, manifest: str, outcome: Outcome) -> None:
    found = judge(ID, files={path: "VALUE = 3\n", "readiness.toml": f"schema = 1\n{manifest}"})
    assert found.outcome is outcome
    assert found.reason
    assert (found.basis is Basis.DECLARED) == bool(manifest)


def test_a_project_below_the_root_of_its_repository(judge: Judge, offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_repository(offline / "whole", {"README": "x"})
    root = whole / "apps/desk"
    (root / "data/train").mkdir(parents=True)
    (root / "data/train/a.csv").write_text(ROWS)
    (root / "readiness.toml").write_text(toml())
    commit(whole, "data", author=ADA)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(offline / "mira"))
    key = data_sign.sign(root, Options(by=MIRA), NOW).approval.signer
    (root / "readiness.toml").write_text(toml(trust=f'[trust]\nkeys = ["{key}"]\n'))
    commit(whole, "approve", author=LEAD)
    assert judge(ID, root=root).outcome is Outcome.HOLDS
    (root / "data/train/a.csv").write_text(ROWS.replace("billing", "account"))
    found = data_sign.compare(root, Options())
    assert [(item.moved and item.moved.changed, len(item.flips)) for item in found.changed] == [(1, 1)]
    assert judge(ID, root=root).outcome is Outcome.FAILS
