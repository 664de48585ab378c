"""Every way a baseline could seem to come first: other dates, moved code, foreign keys, edited locks, changed data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.formats import intoto
from readiness.runs import outcome as runs
from readiness.sequence.finding import Cause, Finding, Outcome
from readiness.testing.projects import commit, git, make_repository
from tests.layers.desk import FILE, LOCK, OUTCOME, changed, files, tickets
from tests.layers.measurement.conftest import BUILT, PREPARED, Found

ID = "measurement.baseline-precedes-build"
LOCKED = datetime(2026, 6, 1, 9, tzinfo=UTC)
CODE = {"desk/answers.py": '"""Answers."""\n\nANSWERS = {"hours": "nine to five"}\nMORE = [1, 2, 3, 4, 5, 6]\n'}


def write(root: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def begun(tmp_path: Path, outcome: str = OUTCOME, *, locked: datetime | None = LOCKED, components: str = "desk") -> Path:
    """Outcome and data committed, locked with the user's own key and committed, nothing built."""
    toml = f'[project]\nstakes = "annoyance"\ncomponents = ["{components}"]\n'
    root = make_repository(tmp_path / "desk-project", files(outcome) | {"readiness.toml": toml}, when="2026-05-31T09:00:00Z")
    if locked is not None:
        runs.lock_all(root, now=locked)
        commit(root, "lock", when=PREPARED)
    return root


def built(root: Path, when: str = BUILT) -> Path:
    write(root, CODE)
    commit(root, "build", when=when)
    return root


def test_locked_first_it_holds_and_says_the_number(tmp_path: Path, found: Found) -> None:
    finding = found(ID, built(begun(tmp_path)))
    assert finding.outcome is Outcome.HOLDS
    assert finding.observed.startswith(
        "median 36.5 hours over 102 units, locked on 2026-06-01, before the build began on 2026-07-01 (commit "
    )


def test_with_the_whole_project_as_component_what_prepares_it_is_no_build(tmp_path: Path, found: Found) -> None:
    root = begun(tmp_path, components=".")
    assert found(ID, root).outcome is Outcome.HOLDS
    assert "nothing is built yet" in found(ID, root).observed
    assert found(ID, built(root)).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        ("not locked", "is not locked"),
        ("locked late", "it was locked on 2026-08-01, after the build began on 2026-07-01"),
        ("committed late", "its lock was committed on 2026-08-02, after the build began"),
        ("never committed", "is in no commit, so only its signer says that it is older"),
        ("edited", "was edited after it was locked on 2026-06-01: an edit is a new version"),
        ("data changed", "the data of the baseline changed: locked was median 36.5 hours over 102 units, now it is median 37"),
        ("data gone", "the baseline cannot be computed again"),
        ("code before", "its baseline ends on 2026-05-15, after the build began on 2026-04-01"),
    ],
)
def test_each_way_to_be_retrospective_or_changed_fails(tmp_path: Path, found: Found, arrange: str, said: str) -> None:
    root = _ARRANGE[arrange](tmp_path)
    finding = found(ID, root)
    assert finding.outcome is Outcome.FAILS, finding
    assert said in finding.reason
    assert finding.remedy.text


def _not_locked(tmp_path: Path) -> Path:
    return built(begun(tmp_path, locked=None))


def _locked_late(tmp_path: Path) -> Path:
    root = built(begun(tmp_path, locked=None))
    assert "retrospective" in runs.lock_all(root, now=datetime(2026, 8, 1, tzinfo=UTC))[0].late
    commit(root, "lock", when="2026-08-02T09:00:00Z")
    return root


def _committed_late(tmp_path: Path) -> Path:
    root = begun(tmp_path, locked=None)
    built(root)
    runs.lock_all(root, now=LOCKED)  # a clock set back
    commit(root, "lock", when="2026-08-02T09:00:00Z")
    return root


def _never_committed(tmp_path: Path) -> Path:
    root = built(begun(tmp_path, locked=None))
    runs.lock_all(root, now=LOCKED)
    return root


def _edited(tmp_path: Path) -> Path:
    root = built(begun(tmp_path))
    write(root, {FILE: changed(("target: -40%", "target: -10%"))})
    return root


def _data_changed(tmp_path: Path) -> Path:
    root = built(begun(tmp_path))
    write(root, {"data/tickets.csv": "\n".join(tickets().splitlines()[:1] + tickets().splitlines()[5:]) + "\n"})
    return root


def _data_gone(tmp_path: Path) -> Path:
    root = built(begun(tmp_path))
    write(root, {"data/tickets.csv": tickets().splitlines()[0] + "\n"})
    return root


def _code_before(tmp_path: Path) -> Path:
    root = make_repository(tmp_path / "old", CODE | {"readiness.toml": '[project]\ncomponents = ["desk"]\n'}, when="2026-04-01T09:00:00Z")
    write(root, files())
    runs.lock_all(root, now=LOCKED)
    commit(root, "lock", when=PREPARED)
    return root


_ARRANGE = {
    "not locked": _not_locked, "locked late": _locked_late, "committed late": _committed_late, "never committed": _never_committed,
    "edited": _edited, "data changed": _data_changed, "data gone": _data_gone, "code before": _code_before,
}  # fmt: skip


def test_code_moved_into_the_component_is_as_old_as_it_is(tmp_path: Path, found: Found) -> None:
    root = make_repository(tmp_path / "moved", {"old/answers.py": CODE["desk/answers.py"]}, when="2026-04-01T09:00:00Z")
    write(root, files() | {"readiness.toml": '[project]\ncomponents = ["desk"]\n'})
    runs.lock_all(root, now=LOCKED)
    commit(root, "lock", when=PREPARED)
    (root / "desk").mkdir()
    git(root, "mv", "old/answers.py", "desk/answers.py")
    commit(root, "tidy", when=BUILT)
    assert found(ID, root).outcome is Outcome.FAILS


def test_a_component_that_is_not_there_proves_nothing(tmp_path: Path, found: Found) -> None:
    finding = found(ID, built(begun(tmp_path, components="dsk")))
    assert (finding.outcome, "names dsk, where no file lies" in finding.reason) == (Outcome.FAILS, True)


def test_code_that_is_in_no_commit_leaves_it_open(tmp_path: Path, found: Found) -> None:
    root = begun(tmp_path)
    write(root, CODE)
    finding = found(ID, root)
    assert (finding.outcome, "is in no commit yet" in finding.reason) == (Outcome.UNKNOWN, True)


def test_lock_and_code_in_one_commit_cannot_be_told_apart(tmp_path: Path, found: Found) -> None:
    root = begun(tmp_path, locked=None)
    runs.lock_all(root, now=LOCKED)
    finding = found(ID, built(root))
    assert (finding.outcome, "which was first cannot be told" in finding.reason) == (Outcome.UNKNOWN, True)


def test_the_order_of_commits_counts_where_a_rebase_moved_the_dates(tmp_path: Path, found: Found) -> None:
    root = make_repository(
        tmp_path / "rebased", files() | {"readiness.toml": '[project]\ncomponents = ["desk"]\n'}, when="2026-08-01T09:00:00Z"
    )
    runs.lock_all(root, now=LOCKED)
    commit(root, "lock", when="2026-08-01T09:00:01Z")
    write(root, CODE)
    git(root, "add", "-A")
    who = {f"GIT_{role}_{part}": "ada@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    git(root, "commit", "-q", "-m", "b", env=who | {"GIT_AUTHOR_DATE": BUILT, "GIT_COMMITTER_DATE": "2026-08-01T09:00:02Z"})
    assert found(ID, root).outcome is Outcome.HOLDS


def test_without_history_it_cannot_be_told(tmp_path: Path, found: Found) -> None:
    root = built(begun(tmp_path))
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{root}", str(tmp_path / "shallow"))
    finding = found(ID, tmp_path / "shallow")
    assert (finding.outcome, "cut off" in finding.reason) == (Outcome.UNKNOWN, True)
    assert finding.remedy.command == "git fetch --unshallow"
    (root / ".git").rename(tmp_path / "gone")
    finding = found(ID, root)
    assert (finding.outcome, "no git repository" in finding.reason) == (Outcome.UNKNOWN, True)


def relock(root: Path, **predicate: object) -> None:
    """Signs another predicate with the user's own key."""
    from readiness.world import keys

    key = keys.own()
    assert key is not None
    body = json.loads(intoto.open_envelope((root / LOCK).read_bytes()).payload)
    body["predicate"] |= predicate
    (root / LOCK).write_bytes(intoto.envelope(body, key.id, key.sign))


def test_another_users_lock_counts_once_its_key_is_trusted(tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    root = built(begun(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "somebody-else"))
    finding = found(ID, root)
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.CONFIGURATION)
    key = finding.remedy.text.partition('"')[2].rpartition('"')[0]
    write(root, {"readiness.toml": f'[project]\ncomponents = ["desk"]\n[trust]\nkeys = ["{key}"]\n'})
    assert found(ID, root).outcome is Outcome.HOLDS


@pytest.mark.parametrize("damage", ["payload", "half", "other id", "future", "no lock", "edited baseline"])
def test_a_damaged_lock_fails_and_never_raises(tmp_path: Path, found: Found, damage: str) -> None:
    root = built(begun(tmp_path))
    data = (root / LOCK).read_bytes()
    if damage == "payload":
        whole = json.loads(data)
        whole["payload"] = whole["payload"][:-8] + "AAAAAAA="
        (root / LOCK).write_text(json.dumps(whole))
    elif damage == "half":
        (root / LOCK).write_bytes(data[: len(data) // 2])
    elif damage == "other id":
        relock(root, outcome="something-else")
    elif damage == "future":
        relock(root, locked_at="2031-01-01T00:00:00Z")
    elif damage == "no lock":
        relock(root, baseline={"from": 1})
    else:
        relock(root, baseline={"from": "2026-03-01", "to": "2026-05-15", "units": 102, "open": 0, "value": 99.0})
    finding = found(ID, root)
    assert finding.outcome is Outcome.FAILS, finding


def _rows(root: Path, old: str, new: str) -> None:
    text = (root / "data/tickets.csv").read_text()
    assert text.count(old) == 1
    (root / "data/tickets.csv").write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "pairs",
    [
        [("T3,2026-03-03T06:00:00,2026-03-04T05:00:00", "T3,2026-03-03T05:00:00,2026-03-04T04:00:00")],
        [("\nT3,", "\nT903,")],
        [("T10,2026-03-08T12:00:00,2026-03-09T18:00:00", "T10,2026-03-08T12:00:00,2026-03-09T17:00:00")],
        [
            ("T10,2026-03-08T12:00:00", "T10,2026-07-08T12:00:00"),
            ("T119,2026-05-29T06:00:00,2026-05-30T10:00:00", "T119,2026-05-09T06:00:00,2026-05-10T12:00:00"),
        ],
    ],
    ids=["another time", "another ticket", "another duration", "one in for one out"],
)
def test_other_units_that_give_the_same_number_are_seen(tmp_path: Path, found: Found, pairs: list[tuple[str, str]]) -> None:
    root = built(begun(tmp_path))
    assert found(ID, root).outcome is Outcome.HOLDS
    for old, new in pairs:
        _rows(root, old, new)
    finding = found(ID, root)
    assert finding.outcome is Outcome.FAILS
    assert finding.reason == (
        "the baseline's units changed since they were locked, though median 36.5 hours over 102 units is what they still give"
    )


def test_rows_in_another_order_and_what_no_unit_is_made_of_change_nothing(tmp_path: Path, found: Found) -> None:
    root = built(begun(tmp_path))
    head, *rows = tickets().splitlines()
    write(root, {"data/tickets.csv": "\n".join([head, *(row.replace("mail", "chat") for row in reversed(rows))]) + "\n"})
    assert found(ID, root).outcome is Outcome.HOLDS


def test_a_lock_that_holds_no_digest_of_units_proves_nothing_and_can_still_fail(tmp_path: Path, found: Found) -> None:
    root = begun(tmp_path, locked=None)
    runs.lock_all(root, now=LOCKED)
    old = {"from": "2026-03-01", "to": "2026-05-15", "units": 102, "open": 0, "value": 36.5}
    relock(root, baseline=old)
    commit(root, "lock", when=PREPARED)
    built(root)
    finding = found(ID, root)
    assert (finding.outcome, "does not say which units it counted" in finding.reason) == (Outcome.UNKNOWN, True)
    relock(root, baseline=old | {"units": 103})
    assert found(ID, root).outcome is Outcome.FAILS


def test_a_lock_without_that_digest_is_locked_again(tmp_path: Path) -> None:
    root = begun(tmp_path, locked=None)
    runs.lock_all(root, now=LOCKED)
    relock(root, baseline={"from": "2026-03-01", "to": "2026-05-15", "units": 102, "open": 0, "value": 36.5})
    again = runs.lock_all(root, now=LOCKED)[0]
    assert (again.already, again.lock is not None and again.lock.version) == (False, 2)
    assert runs.lock_all(root, now=LOCKED)[0].already


def test_a_forward_comparison_needs_no_old_baseline_and_says_so(tmp_path: Path, found: Found) -> None:
    text = changed(
        ("design: before-after", "design: randomised"), ("baseline: {from: 2026-03-01, to: 2026-05-15}\n", ""),
        ("as value\n", "as value, 'all' as variant\n"),
    )  # fmt: skip
    root = begun(tmp_path, text, locked=None)
    built(root)
    assert found(ID, root).outcome is Outcome.FAILS
    runs.lock_all(root, now=datetime(2026, 8, 1, tzinfo=UTC))
    commit(root, "lock", when="2026-08-02T09:00:00Z")
    finding = found(ID, root)
    assert (finding.outcome, "prospective" in finding.observed) == (Outcome.HOLDS, True)


def test_no_outcome_or_none_that_can_be_read_is_unknown_in_production(tmp_path: Path, found: Found) -> None:
    root = make_repository(tmp_path / "empty", CODE)
    assert found(ID, root).outcome is Outcome.UNKNOWN
    write(root, {FILE: "kind: Outcome\n"})
    assert found(ID, root).outcome is Outcome.UNKNOWN


def test_one_good_lock_does_not_cover_an_outcome_without(tmp_path: Path, found: Found) -> None:
    root = begun(tmp_path)
    write(root, {"outcomes/cost.yaml": changed(("id: resolution-time", "id: cost"))})
    finding: Finding = found(ID, built(root))
    assert (finding.outcome, [problem.subject for problem in finding.problems]) == (Outcome.FAILS, ["cost: missing"])
