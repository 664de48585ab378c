"""Evidence on disk: what was stored is read back, and whatever was done to it makes it not count."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readiness.config.manifest import Infrastructure, Manifest, TrustedKey
from readiness.config.security import Allowed, Security
from readiness.formats import intoto
from readiness.formats.canonical import canonical
from readiness.runs import evidence as store
from readiness.runs import inspect
from readiness.sequence.evidence import Evidence, Witness
from readiness.sequence.finding import Basis, Cause, Finding, Outcome
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.stakes import Stakes
from readiness.sequence.verdict import judge
from readiness.sequence.waiver import Waiver
from readiness.testing.projects import commit, git, make_repository
from readiness.world import keys
from readiness.world import project as projects
from readiness.world.project import Project
from tests.sequence import cases

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MANIFEST = Manifest()
STARTS = Finding("infrastructure.starts", Outcome.FAILS, Basis.EXECUTED, "app.py", "starts", "fails", "no module named x")
LIVE = replace(STARTS, check="infrastructure.drift-explained")


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> keys.Key:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("READINESS_SIGNING_KEY", raising=False)
    mine = keys.own()
    assert mine is not None
    return mine


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return projects.load(make_repository(tmp_path / "bot", {"app.py": "import x\n"}))


def stranger() -> keys.Key:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return keys.Key(keys.name(private.public_key()), private)


def stored(project: Project, key: keys.Key, finding: Finding = STARTS, made_at: datetime = NOW) -> Path:
    before = set(store.listed(project.root))
    store.store(project, MANIFEST, finding, made_at, key)
    (path,) = set(store.listed(project.root)) - before
    return path


def resigned(path: Path, key: keys.Key, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes a stored statement and signs it again, as one who holds a trusted key could."""
    body = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    change(body)
    path.write_bytes(intoto.envelope(body, key.id, key.sign))


def refusals(project: Project, manifest: Manifest = MANIFEST, now: datetime = NOW) -> list[str]:
    """Why nothing counts: the reason of each file that was refused; empty where all are simply past their time."""
    good, refused = store.collect(project, manifest, now)
    assert good == {}
    return [found.refused for found in refused]


def test_what_was_stored_is_collected_as_it_was(project: Project, key: keys.Key) -> None:
    made = store.store(project, MANIFEST, STARTS, NOW, key)
    assert store.collect(project, MANIFEST, NOW) == ({STARTS.check: replace(made, cached=True)}, [])
    assert made == Evidence(STARTS, project.tree, NOW, NOW + timedelta(days=7), Witness.SELF, made.digest)


def test_evidence_is_no_part_of_the_project_it_is_about(project: Project, key: keys.Key) -> None:
    path = stored(project, key)
    assert path.relative_to(project.root).parent.as_posix() == ".readiness/evidence/infrastructure.starts"
    assert path.name == f"{project.tree[7:19]}-20261120T120000Z.dsse.json"
    assert git(project.root, "status", "--porcelain") == ""
    assert projects.load(project.root).tree == project.tree


def test_the_newest_counts_and_an_older_one_steps_in_where_it_is_refused(project: Project, key: keys.Key) -> None:
    stored(project, key, made_at=NOW - timedelta(hours=2))
    newest = stored(project, key, replace(STARTS, outcome=Outcome.HOLDS), NOW - timedelta(hours=1))
    assert store.collect(project, MANIFEST, NOW)[0][STARTS.check].finding.outcome is Outcome.HOLDS
    newest.write_bytes(b"")
    good, refused = store.collect(project, MANIFEST, NOW)
    assert (good[STARTS.check].finding, [found.path for found in refused]) == (STARTS, [newest])


def edit(path: Path) -> None:
    whole = json.loads(path.read_bytes())
    payload = base64.b64decode(whole["payload"]).replace(b'"fails"', b'"holds"')
    path.write_text(json.dumps(whole | {"payload": base64.b64encode(payload).decode()}))


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def move(path: Path) -> None:
    folder = path.parent.parent / "infrastructure.installs"
    folder.mkdir()
    path.rename(folder / path.name)


TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "edited": (edit, "was edited after it was signed: the signature does not match"),
    "cut short": (lambda path: path.write_bytes(path.read_bytes()[:-60]), "is truncated or no JSON"),
    "emptied": (lambda path: path.write_bytes(b""), "is truncated or no JSON"),
    "moved to another check": (move, "is about infrastructure.starts, and lies with infrastructure.installs"),
    "replaced by a folder": (replace_by_folder, "cannot be read"),
}


@pytest.mark.parametrize(("tamper", "said"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_evidence_does_not_count_once_it_was(project: Project, key: keys.Key, tamper: Callable[[Path], object], said: str) -> None:
    tamper(stored(project, key))
    (reason,) = refusals(project)
    assert reason.startswith(said)


def test_evidence_cut_at_any_length_does_not_count(project: Project, key: keys.Key) -> None:
    path = stored(project, key)
    data = path.read_bytes()
    for length in range(0, len(data) - 1, 7):
        path.write_bytes(data[:length])
        assert store.read(path, {key.id: "self"}, None).evidence is None


def test_a_strangers_signature_counts_only_when_the_manifest_trusts_it(project: Project, key: keys.Key) -> None:
    stored(project, stranger())
    (reason,) = refusals(project)
    assert reason == f"is signed by {stranger().id[:24]}…, which is not trusted"
    good, refused = store.collect(project, replace(MANIFEST, trust=(TrustedKey(stranger().id, "ci"),)), NOW)
    assert (good[STARTS.check].witness, refused) == (Witness.CI, [])


def test_whoever_stores_evidence_gives_it_the_grade_of_their_own_key(project: Project, key: keys.Key) -> None:
    trust = (TrustedKey(stranger().id, "verifier"), TrustedKey(key.id, "ci"))
    assert store.store(project, replace(MANIFEST, trust=trust), STARTS, NOW, key).witness is Witness.CI


def test_a_strangers_signature_under_a_trusted_name_is_refused(project: Project, key: keys.Key) -> None:
    stored(project, keys.Key(key.id, stranger().private))
    assert refusals(project) == ["was edited after it was signed: the signature does not match"]


def test_without_a_key_nothing_is_believed_and_none_is_made(project: Project, key: keys.Key) -> None:
    stored(project, key)
    keys.path().unlink()
    assert len(refusals(project)) == 1
    assert not keys.path().exists()


def test_evidence_of_another_tree_is_absent_and_refused_under_a_false_name(project: Project, key: keys.Key, tmp_path: Path) -> None:
    other = projects.load(make_repository(tmp_path / "other", {"app.py": "import y\n"}))
    path = stored(other, key)
    copy = project.root / path.relative_to(other.root)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(path.read_bytes())
    assert refusals(project) == []
    copy.rename(copy.with_name(project.tree[7:19] + copy.name[12:]))
    assert refusals(project) == ["is about another tree than its name says"]


def test_any_change_of_the_project_makes_its_evidence_absent(project: Project, key: keys.Key) -> None:
    stored(project, key)
    (project.root / "untracked.txt").write_text("")
    assert refusals(projects.load(project.root)) == []
    (project.root / "untracked.txt").unlink()
    commit(project.root, "nothing but a message")
    assert store.collect(projects.load(project.root), MANIFEST, NOW)[0], "the same tree in a later commit is the same tree"


@pytest.mark.parametrize(
    ("moment", "counts"),
    [(timedelta(days=7), False), (timedelta(days=7, seconds=-1), True), (timedelta(minutes=-5), True), (timedelta(minutes=-6), False)],
    ids=["expired", "just before", "a clock behind", "future-dated"],
)
def test_evidence_counts_from_when_it_was_made_for_seven_days(project: Project, key: keys.Key, moment: timedelta, counts: bool) -> None:
    stored(project, key)
    good, refused = store.collect(project, MANIFEST, NOW + moment)
    assert (bool(good), refused) == (counts, [])


def test_no_signature_makes_evidence_last_longer_than_seven_days(project: Project, key: keys.Key) -> None:
    resigned(stored(project, key), key, lambda body: body["predicate"]["readiness"].update(expires_at="2036-01-01T00:00:00Z"))
    assert store.collect(project, MANIFEST, NOW)[0]
    assert refusals(project, now=NOW + timedelta(days=7)) == []


def test_no_signature_makes_evidence_about_a_live_system_last_longer_than_a_day(project: Project, key: keys.Key) -> None:
    made = store.store(project, MANIFEST, LIVE, NOW, key)
    (path,) = (project.root / store.FOLDER / LIVE.check).iterdir()
    resigned(path, key, lambda body: body["predicate"]["readiness"].update(expires_at="2036-01-01T00:00:00Z"))
    assert set(store.collect(project, MANIFEST, NOW)[0]) == {made.finding.check}
    assert store.collect(project, MANIFEST, NOW + timedelta(hours=24))[0] == {}


@pytest.mark.parametrize(
    ("finding", "days", "hours"),
    [(STARTS, 7, 168), (STARTS, 2, 48), (STARTS, 30, 168), (replace(STARTS, outcome=Outcome.UNKNOWN), 7, 24), (LIVE, 7, 24)],
    ids=["seven days", "shortened", "never lengthened", "unknown for a day", "live for a day"],
)
def test_the_manifest_may_shorten_the_time_and_unknown_is_asked_again(
    project: Project, key: keys.Key, finding: Finding, days: float, hours: int
) -> None:
    made = store.store(project, Manifest(infrastructure=Infrastructure(ttl_days=days)), finding, NOW, key)
    assert made.expires_at - made.made_at == timedelta(hours=hours)


@pytest.mark.parametrize(
    "manifest", [replace(MANIFEST, stakes=Stakes.MONEY), replace(MANIFEST, mode=Declaration(Mode.RESEARCH))], ids=["stakes", "mode"]
)
def test_evidence_made_under_other_conditions_does_not_count_and_is_no_suspicion(
    project: Project, key: keys.Key, manifest: Manifest
) -> None:
    path = stored(project, key)
    assert store.collect(project, manifest, NOW) == ({}, [])
    found = store.read(path, store.trusted_keys(manifest), store.conditions(project, manifest))
    assert (found.evidence, found.refused) == (None, store.OTHER_CONDITIONS)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["predicate"].pop("readiness"),
        lambda body: body["predicate"]["readiness"].update(made_at="2026-11-20T12:00:00"),
        lambda body: body["predicate"]["readiness"].update(made_at=7),
        lambda body: body["predicate"]["readiness"]["finding"].pop("outcome"),
        lambda body: body["predicate"].update(configuration=[]),
    ],
    ids=["no finding", "no time zone", "no time", "no outcome", "no conditions"],
)
def test_a_signed_statement_that_lacks_something_is_refused(
    project: Project, key: keys.Key, change: Callable[[dict[str, Any]], object]
) -> None:
    resigned(stored(project, key), key, change)
    (reason,) = refusals(project)
    assert reason.startswith("has no finding in it")


def test_a_verdict_is_signed_and_never_taken_for_evidence(project: Project, key: keys.Key) -> None:
    path = store.store_verdict(project, MANIFEST, judge(cases.case()), [], NOW, key)
    signed = intoto.open_envelope(path.read_bytes())
    assert keys.verifies(key.id, signed.signatures[0][1], intoto.encoding(signed.payload))
    predicate = intoto.read_statement(signed.payload, intoto.VSA)["predicate"]
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("PASSED", [f"READINESS_LAYER_{n}" for n in (1, 2, 3)])
    assert store.collect(project, MANIFEST, NOW) == ({}, [])
    stored(project, key).write_bytes(path.read_bytes())
    assert refusals(project) == [f"is a `{intoto.VSA}`, not a `{intoto.TEST_RESULT}`"]


def test_a_verdict_is_verified_like_the_evidence_it_rests_on(project: Project, key: keys.Key) -> None:
    evidence = store.store(project, MANIFEST, STARTS, NOW, key)
    path = store.store_verdict(project, MANIFEST, judge(cases.case()), [evidence], NOW, key)
    line = inspect.inspect(project.root, NOW)[-1]
    assert (line.check, line.outcome, line.stale, line.refused) == ("verdict", "passed, 3 held", "", "")
    assert json.loads(inspect.content(project.root, line.digest))["statement"]["predicateType"] == intoto.VSA
    store.listed(project.root)[0].unlink()
    assert inspect.inspect(project.root, NOW)[-1].stale == "rests on 1 evidence files that are not here or do not count"
    path.write_bytes(path.read_bytes().replace(b'"payload": "', b'"payload": "AAAA'))
    assert inspect.inspect(project.root, NOW)[-1].refused == "was edited after it was signed: the signature does not match"


@pytest.mark.parametrize("change", [
    lambda body: body["predicate"].pop("verificationResult"),
    lambda body: body["predicate"].update(inputAttestations=[{}]),
    lambda body: body["subject"][0]["digest"].update(sha256="0" * 64),
])  # fmt: skip
def test_a_signed_verdict_that_lacks_something_is_refused(
    project: Project, key: keys.Key, change: Callable[[dict[str, Any]], object]
) -> None:
    path = store.store_verdict(project, MANIFEST, judge(cases.case()), [], NOW, key)
    resigned(path, key, change)
    assert store.read_verdict(path, store.trusted_keys(MANIFEST)).refused


def test_only_what_says_something_about_the_project_is_worth_keeping() -> None:
    kept = [cause for cause in Cause if store.worth_keeping(replace(STARTS, outcome=Outcome.UNKNOWN, cause=cause))]
    assert {Cause.INDEX, Cause.TOOL, Cause.INTERPRETER}.isdisjoint(kept)
    assert Cause.CONFIGURATION in kept
    assert store.worth_keeping(replace(STARTS, cause=Cause.NETWORK))


def test_what_is_signed_is_canonical(project: Project, key: keys.Key) -> None:
    payload = intoto.open_envelope(stored(project, key).read_bytes()).payload
    assert canonical(json.loads(payload)) == payload


def allowing(*days: date) -> Manifest:
    return replace(MANIFEST, security=Security(allow=tuple(Allowed(f"f{day}", "a test key", "Ada", day) for day in days)))


def waiving(day: date) -> Manifest:
    return replace(MANIFEST, waivers=(Waiver("w-1", "a.b", "c", "why", "ben", "grace", date(2026, 11, 1), day),))


ENDS = {
    "nothing is allowed": (MANIFEST, datetime(2026, 11, 27, 12, tzinfo=UTC)),
    "today is the last day": (allowing(date(2026, 11, 20)), datetime(2026, 11, 21, tzinfo=UTC)),
    "the soonest of several": (allowing(date(2026, 12, 24), date(2026, 11, 22)), datetime(2026, 11, 23, tzinfo=UTC)),
    "it ends later than the evidence": (allowing(date(2026, 11, 27)), datetime(2026, 11, 27, 12, tzinfo=UTC)),
    "it ended before": (allowing(date(2026, 11, 19)), datetime(2026, 11, 27, 12, tzinfo=UTC)),
    "it never ends": (allowing(date.max), datetime(2026, 11, 27, 12, tzinfo=UTC)),
    "a waiver": (waiving(date(2026, 11, 21)), datetime(2026, 11, 22, tzinfo=UTC)),
}


@pytest.mark.parametrize(("manifest", "ends"), ENDS.values(), ids=ENDS)
def test_evidence_does_not_outlive_what_the_manifest_allows(project: Project, key: keys.Key, manifest: Manifest, ends: datetime) -> None:
    holds = replace(STARTS, outcome=Outcome.HOLDS)
    assert store.store(project, manifest, holds, NOW, key).expires_at == ends
    assert STARTS.check in store.collect(project, manifest, ends - timedelta(seconds=1))[0]
    assert store.collect(project, manifest, ends) == ({}, [])
