"""What somebody else says about a state they recreated: results of imported snapshots, read back with distrust.

A result lies in `.readiness/recreations/`, is a test-result statement about the tree, signed by whoever recreated it, and
names the key that signed the snapshot. It counts where its key is listed in [trust] as `ci` or `verifier`, is another one
than that of the snapshot, it is about this tree, and not older than executed evidence may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from readiness.config.manifest import Manifest
from readiness.formats import canonical, intoto
from readiness.sequence.evidence import CLOCK_SKEW, EXECUTED_TTL, Digest
from readiness.world import keys
from readiness.world.project import Project

FOLDER: Final = ".readiness/recreations"
CHECK: Final = "infrastructure.recreated-by-somebody-else"
PASSED, FAILED = "PASSED", "FAILED"


@dataclass(frozen=True, slots=True)
class Result:
    """One result: which tree, whether the demo gave the same there, who says so, who had made the snapshot, where and when."""

    tree: Digest
    result: str
    reason: str
    by: str
    snapshot_by: str
    demo: str
    system: str
    python: str
    made_at: datetime
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """What the results say together: that it was the `same`, that it `differs`, or why none counts."""

    same: str = ""
    differs: str = ""
    reason: str = "nobody else has recreated this state"
    witness: str = ""
    refused: tuple[str, ...] = ()


def statement(project_id: str, result: Result, snapshot: Digest, version: str) -> dict[str, Any]:
    """The statement to be signed about a recreation."""
    said = {
        "demo": result.demo,
        "made_at": canonical.moment(result.made_at),
        "outputs": {name: {"sha256": digest} for name, digest in result.outputs.items()},
        "python": result.python,
        "reason": result.reason,
        "snapshot_by": result.snapshot_by,
        "system": result.system,
        "version": version,
    }
    predicate = {
        "result": result.result,
        "configuration": [{"name": "snapshot", "digest": {"sha256": snapshot.removeprefix("sha256:")}}],
        "readiness": {"recreation": said},
    }
    return intoto.statement(project_id, result.tree.removeprefix("sha256:"), intoto.TEST_RESULT, predicate)


def read(data: bytes) -> Result:
    """The result in an envelope whose signature is good, whoever made it. Raises intoto.Refused where it is none."""
    signed = intoto.open_envelope(data)
    message = intoto.encoding(signed.payload)
    by = next((key for key, signature in signed.signatures if keys.verifies(key, signature, message)), "")
    if not by:
        raise intoto.Refused("was edited after it was signed: the signature does not match")
    body = intoto.read_statement(signed.payload, intoto.TEST_RESULT)
    try:
        said = body["predicate"]["readiness"]["recreation"]
        made = datetime.fromisoformat(said["made_at"])
        if made.tzinfo is None:
            raise ValueError("a time without its zone")
        outputs = {str(name): str(item["sha256"]) for name, item in said["outputs"].items()}
        tree = Digest(f"sha256:{body['subject'][0]['digest']['sha256']}")
        words = {name: str(said[name]) for name in ("reason", "snapshot_by", "demo", "system", "python")}
        return Result(tree, str(body["predicate"]["result"]), by=by, made_at=made, outputs=outputs, **words)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise intoto.Refused(f"is no result of a recreation ({type(error).__name__}: {error})") from None


def listed(home: Path) -> list[Path]:
    """The files of results, by name."""
    return sorted((home / FOLDER).glob("*.dsse.json"))


def name(result: Result, data: bytes) -> str:
    """What the file of a result is called."""
    return f"{result.tree.removeprefix('sha256:')[:12]}-{canonical.digest(data)[7:19]}.dsse.json"


def counted(project: Project, manifest: Manifest, now: datetime) -> Counted:
    """What the results about the tree as it is say; one that differs weighs more than one that is the same."""
    refused: list[str] = []
    good: list[tuple[Result, str]] = []
    for path in listed(project.home):
        try:
            result = read(path.read_bytes())
        except (OSError, intoto.Refused) as error:
            refused.append(f"{path.name} {error}")
            continue
        if result.tree != project.tree:
            continue  # honest, and about another state
        why, grade = _grade(result, manifest, now)
        if why:
            refused.append(f"{path.name} {why}")
        else:
            good.append((result, grade))
    return _together(good, tuple(refused))


def _grade(result: Result, manifest: Manifest, now: datetime) -> tuple[str, str]:
    """Why a result does not count, and as whose word it does."""
    grade = next((item.grade for item in manifest.trust if item.key == result.by), "")
    if result.by == result.snapshot_by:
        return "is signed with the key that made the snapshot: nobody else said so", ""
    if grade not in ("ci", "verifier"):
        listed_as = "listed in [trust] as `self`" if grade else "not listed in [trust]"
        return f"is signed by {result.by[:24]}…, which is {listed_as}", ""
    if result.made_at > now + CLOCK_SKEW:
        return f"is dated {result.made_at:%Y-%m-%d %H:%M} UTC, which is in the future", ""
    if now >= result.made_at + EXECUTED_TTL:
        return f"expired {result.made_at + EXECUTED_TTL:%Y-%m-%d %H:%M} UTC", ""
    return "", grade


def _together(good: list[tuple[Result, str]], refused: tuple[str, ...]) -> Counted:
    for result, grade in good:
        if result.result == FAILED:
            return Counted(differs=f"{_who(result, grade)} got another result: {result.reason}", witness=grade, refused=refused)
    for result, grade in sorted(good, key=lambda item: item[1] == "verifier", reverse=True):
        if result.result == PASSED:
            same = f"{_who(result, grade)} got the same result on {result.system} with Python {result.python}"
            return Counted(same=same, witness=grade, refused=refused)
    if good:
        result, grade = good[0]
        return Counted(reason=f"{_who(result, grade)} could not tell: {result.reason}", witness=grade, refused=refused)
    reason = f"a result does not count: {refused[0]}" if refused else Counted().reason
    return Counted(reason=reason, refused=refused)


def _who(result: Result, grade: str) -> str:
    return f"{grade} {result.by[:20]}…, {result.made_at:%Y-%m-%d},"


def standing(home: Path, now: datetime | None = None) -> Digest:
    """The digest of the results that are not out of date, so that what was judged from them is judged anew when they change."""
    moment = now or datetime.now(UTC)
    found = []
    for path in listed(home):
        try:
            data = path.read_bytes()
            expired = read(data).made_at + EXECUTED_TTL <= moment
        except (OSError, intoto.Refused):
            continue
        found += [] if expired else [canonical.digest(data)]
    return canonical.digest(canonical.canonical(sorted(found)))
