"""Waivers end to end: written into the manifest, signed with real ssh keys, and counted only where all of it is right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.config import manifest as manifests
from readiness.errors import InputError, UsageError
from readiness.runs import since, waive
from readiness.runs.check import Options, Watcher, check
from readiness.sequence.finding import Outcome
from readiness.sequence.waiver import Waiver
from readiness.testing.projects import commit, git, make_repository
from readiness.world import project as projects
from readiness.world import ssh
from tests.people import ADA, BEN, GRACE, Person, person

TODAY = datetime.now(UTC).date()
CHECK = "infrastructure.images-pinned"
MANIFEST = """\
# what readiness cannot find by itself
schema = 1

[project]
id = "bot"          # the bot
stakes = "annoyance"
"""
FILES = {"readiness.toml": MANIFEST, "Dockerfile": "FROM python:latest\n", "main.py": "print('hello')\n"}
ONLY = Options(only=(CHECK,))


@dataclass
class Stage:
    """A project with three people, whose latest waiver is `w`."""

    root: Path
    ada: Person
    ben: Person
    grace: Person

    def write(self, **changes: object) -> Waiver:
        found = check(self.root, ONLY).verdict.layers[0].checks[0].finding
        told = waive.Wanted(CHECK, found.problems[0].subject, "rebuilt every night", self.ben.mail, self.grace.mail, 30,
                            "one batch job", "pinned when the base image is ours", "")  # fmt: skip
        return waive.add(self.root, replace(told, **changes), TODAY)  # type: ignore[arg-type]

    def commit(self, message: str, who: Person) -> None:
        commit(self.root, message, author=who.author)

    def allow(self, *people: Person, by: Person) -> None:
        (self.root / "waivers").mkdir(exist_ok=True)
        (self.root / waive.SIGNERS).write_text("".join(one.line for one in people))
        self.commit("say whose key is whose", by)

    def doubt(self) -> str:
        (found,) = waive.listed(self.root)
        assert found.signed == (not found.doubt)
        return found.invalid_reason(TODAY)

    def outcome(self) -> Outcome:
        return check(self.root, ONLY).verdict.outcome


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = make_repository(tmp_path / "bot", FILES)
    return Stage(root, *(person(tmp_path / "keys", who) for who in (ADA, BEN, GRACE)))


@pytest.fixture
def signed(stage: Stage) -> Stage:
    """Ada wrote it, Ben carries it, Grace added her key and signed."""
    stage.allow(stage.grace, by=stage.grace)
    waiver = stage.write()
    stage.commit("accept the image", stage.ada)
    waive.sign(stage.root, waiver.id, stage.grace.key)
    stage.commit("sign it", stage.grace)
    return stage


def test_a_signed_waiver_counts_and_never_as_holds(signed: Stage) -> None:
    assert signed.doubt() == ""
    judged = check(signed.root, ONLY)
    assert (judged.verdict.outcome, judged.verdict.exit_code) == (Outcome.UNKNOWN, 3)  # waived alone proves nothing
    assert judged.verdict.layers[0].checks[0].outcome is Outcome.WAIVED
    assert judged.waivers[0].signed


def test_the_waiver_is_written_with_its_days_and_comments_stay(stage: Stage) -> None:
    made = stage.write()
    text = (stage.root / "readiness.toml").read_text()
    assert text.startswith(MANIFEST)
    assert (made.id, made.starts, made.expires) == (f"w-{TODAY.year}-01", TODAY, TODAY + timedelta(days=30))
    assert (made.blast_radius, made.retirement) == ("one batch job", "pinned when the base image is ours")
    second = stage.write()
    assert second.id == f"w-{TODAY.year}-02"
    assert manifests.load(stage.root).waivers == (made, second)


def test_signing_leaves_the_tree_as_it_was_judged(stage: Stage) -> None:
    stage.allow(stage.grace, by=stage.grace)
    waiver = stage.write()
    stage.commit("accept the image", stage.ada)
    before = projects.load(stage.root).tree
    waive.sign(stage.root, waiver.id, stage.grace.key)
    assert projects.load(stage.root).tree == before


def test_unsigned_it_does_not_count(stage: Stage) -> None:
    stage.write()
    assert stage.doubt() == "not signed by its approver"
    assert stage.outcome() is Outcome.FAILS


EDITS: dict[str, tuple[str, str]] = {
    "subject": ('subject = "', 'subject = "other '),
    "expires": (f"expires = {TODAY + timedelta(days=30)}", f"expires = {TODAY + timedelta(days=31)}"),
    "starts": (f"starts = {TODAY}", f"starts = {TODAY - timedelta(days=1)}"),
    "reason": ("rebuilt", "built"),
    "blast": ("one batch job", "a batch job"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_word_changed_after_it_was_signed_voids_it(signed: Stage, name: str) -> None:
    path = signed.root / "readiness.toml"
    old, new = EDITS[name]
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    signed.commit("adjust", signed.ada)
    assert signed.doubt() == "its signature is not grace@example.org's over what it says now"


def test_comments_and_quotes_around_it_do_not_void_it(signed: Stage) -> None:
    path = signed.root / "readiness.toml"
    path.write_text(path.read_text().replace(f"starts = {TODAY}", f"# the day it was written\nstarts = '{TODAY}'"))
    signed.commit("comment", signed.ada)
    assert signed.doubt() == ""


def test_it_does_not_count_where_its_approver_wrote_a_line_of_it(stage: Stage) -> None:
    stage.allow(stage.grace, by=stage.ben)
    waiver = stage.write(owner="carl@example.org")
    stage.commit("accept the image", stage.grace)
    waive.sign(stage.root, waiver.id, stage.grace.key)
    assert stage.doubt() == "it was written by its own approver, grace@example.org"


def test_a_mail_map_of_the_project_makes_nobody_another_person(stage: Stage) -> None:
    stage.allow(stage.grace, by=stage.ben)
    waiver = stage.write(owner="carl@example.org")
    (stage.root / ".mailmap").write_text("Ada <ada@example.org> Grace <grace@example.org>\n")
    stage.commit("accept the image", stage.grace)
    waive.sign(stage.root, waiver.id, stage.grace.key)
    assert stage.doubt() == "it was written by its own approver, grace@example.org"


@pytest.mark.parametrize("adder", ["ada", "ben"])
def test_whoever_wrote_or_carries_it_adds_no_key_of_its_approver(stage: Stage, adder: str) -> None:
    who: Person = getattr(stage, adder)
    forged = replace(stage.ben, author=GRACE)  # a key of Ben's in the name of Grace
    stage.allow(forged, by=who)
    waiver = stage.write()
    stage.commit("accept the image", stage.ada)
    waive.sign(stage.root, waiver.id, stage.ben.key)
    assert stage.doubt() == f"the key of grace@example.org was added by {who.mail}, who wrote or carries the waiver"


def test_nothing_uncommitted_counts(stage: Stage) -> None:
    stage.allow(stage.grace, by=stage.grace)
    waiver = stage.write()
    waive.sign(stage.root, waiver.id, stage.grace.key)
    assert stage.doubt() == "it is not committed, so nobody can say who wrote it"
    stage.commit("accept the image", stage.ada)
    assert stage.doubt() == ""
    (stage.root / waive.SIGNERS).write_text(f"{stage.grace.line.strip()} changed\n")
    assert stage.doubt() == "the key of grace@example.org is not committed"


def test_without_git_it_does_not_count(stage: Stage) -> None:
    stage.allow(stage.grace, by=stage.grace)
    waiver = stage.write()
    waive.sign(stage.root, waiver.id, stage.grace.key)
    (stage.root / ".git").rename(stage.root.parent / "gone")
    assert stage.doubt() == "git cannot say who wrote it and who added the key of its approver"


def test_the_signature_of_another_person_or_another_use_does_not_count(stage: Stage) -> None:
    stage.allow(stage.grace, stage.ben, by=stage.grace)
    waiver = stage.write()
    stage.commit("accept the image", stage.ada)
    with pytest.raises(UsageError, match="is no key of grace@"):
        waive.sign(stage.root, waiver.id, stage.ben.key)
    assert not (stage.root / f"waivers/{waiver.id}.sig").exists()
    for namespace, key in (("readiness-approval", stage.grace.key), (waive.NAMESPACE, stage.ben.key)):
        (stage.root / f"waivers/{waiver.id}.sig").write_bytes(ssh.sign(waive.message(waiver), namespace, key))
        assert stage.doubt() == "its signature is not grace@example.org's over what it says now"


def test_without_a_key_of_the_approver_the_line_that_is_needed_is_named(stage: Stage) -> None:
    waiver = stage.write()
    stage.commit("accept the image", stage.ada)
    made = waive.sign(stage.root, waiver.id, stage.grace.key)
    assert made.doubt == "waivers/allowed_signers names no key of its approver grace@example.org"
    (stage.root / waive.SIGNERS).write_text(made.line + "\n")
    stage.commit("say whose key is whose", stage.grace)
    assert stage.doubt() == ""


def test_an_inline_table_has_no_lines_of_its_own_and_does_not_count(signed: Stage) -> None:
    path = signed.root / "readiness.toml"
    (waiver,) = manifests.load(signed.root).waivers
    fields = ", ".join(f'{name} = "{getattr(waiver, name)}"' for name in waive._FIELDS)
    path.write_text(f"waiver = [{{ {fields} }}]\n{MANIFEST}")
    signed.commit("write it in one line", signed.ada)
    assert signed.doubt() == "git cannot say who wrote it and who added the key of its approver"
    with pytest.raises(UsageError, match="as a list in one line"):
        signed.write()


def test_a_signature_behind_a_link_out_of_the_project_is_not_read(signed: Stage, tmp_path: Path) -> None:
    (sig,) = (signed.root / "waivers").glob("*.sig")
    sig.rename(tmp_path / "moved.sig")
    sig.symlink_to(tmp_path / "moved.sig")
    assert signed.doubt() == "not signed by its approver"


def test_a_revision_is_judged_with_the_waivers_it_had(signed: Stage) -> None:
    found = since.compare(signed.root, "HEAD", ONLY, Watcher())
    assert found.before is not None
    assert found.before.waivers[0].doubt == ""
    older = since.compare(signed.root, "HEAD~2", ONLY, Watcher())
    assert older.before is not None
    assert older.before.waivers == ()


def test_the_end_is_announced_and_then_blocks(signed: Stage) -> None:
    (waiver,) = waive.listed(signed.root)
    soon, after = waiver.expires - timedelta(days=14), waiver.expires + timedelta(days=1)
    for day, expected in ((soon, "in 14 days"), (after, f"does not count: expired {waiver.expires}")):
        found = check(signed.root, ONLY, now=datetime(day.year, day.month, day.day, tzinfo=UTC))
        assert expected in found.verdict.warnings[0]
    assert found.verdict.outcome is Outcome.FAILS


BAD: dict[str, tuple[dict[str, object], str]] = {
    "too long": ({"days": 91}, "1 to 90 days, got 91"),
    "no time": ({"days": 0}, "1 to 90 days, got 0"),
    "own owner": ({"approver": "BEN@example.org"}, "cannot approve a risk of their own"),
    "no check": ({"check": "nowhere.nothing"}, "no check `nowhere.nothing`"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_be_no_waiver_is_refused_and_nothing_is_written(stage: Stage, name: str) -> None:
    changes, text = BAD[name]
    with pytest.raises(UsageError, match=text):
        stage.write(**changes)
    assert (stage.root / "readiness.toml").read_text() == MANIFEST


@pytest.mark.parametrize("changes", [{"reason": "TODO"}, {"id": "../../evil"}, {"owner": "<your name>"}])
def test_placeholders_and_ids_that_are_no_names_are_refused(stage: Stage, changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        stage.write(**changes)
    assert (stage.root / "readiness.toml").read_text() == MANIFEST


def test_an_id_is_taken_once(stage: Stage) -> None:
    stage.write(id="mine")
    with pytest.raises(UsageError, match="there is a waiver `mine` already"):
        stage.write(id="mine")
    text = (stage.root / "readiness.toml").read_text()
    again = text + text[text.index("[[waiver]]") :]
    with pytest.raises(InputError, match="`mine` is taken"):
        manifests.parse(again)


def test_signing_what_is_not_there_is_told(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no waiver `w-1`"):
        waive.sign(stage.root, "w-1", stage.grace.key)
    waiver = stage.write()
    with pytest.raises(UsageError, match="no key "):
        waive.sign(stage.root, waiver.id, tmp_path / "nothing")
    (tmp_path / "broken").write_text("no key\n")
    (tmp_path / "broken").chmod(0o600)
    with pytest.raises(UsageError, match="does not sign"):
        waive.sign(stage.root, waiver.id, tmp_path / "broken")


def test_the_key_of_git_is_used_where_none_is_named(stage: Stage) -> None:
    stage.allow(stage.grace, by=stage.grace)
    waiver = stage.write()
    stage.commit("accept the image", stage.ada)
    git(stage.root, "config", "user.signingkey", str(stage.grace.key))
    waive.sign(stage.root, waiver.id, None)
    assert stage.doubt() == ""


@given(st.lists(st.sampled_from(["owner", "approver", "subject", "reason", "id"]), min_size=1, max_size=3, unique=True))
def test_no_two_waivers_that_say_different_things_are_the_same_to_sign(names: list[str]) -> None:
    waiver = Waiver("w", "c", "s", "r", "o", "a", date(2026, 1, 1), date(2026, 2, 1))
    other = replace(waiver, **{name: getattr(waiver, name) + "2" for name in names})
    assert waive.message(waiver) != waive.message(other)
    assert waive.message(replace(waiver, signed=True, doubt="x")) == waive.message(waiver)
