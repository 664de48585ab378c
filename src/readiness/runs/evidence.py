"""Evidence on disk: written whole, signed, read back with distrust.

A file counts when it parses, its signature is of a trusted key, it names the check, the tree and the conditions it is
asked for, and its time has not passed. Anything else is refused with the reason and counts as absent.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from readiness import __version__
from readiness.config.manifest import Manifest
from readiness.formats import canonical, findings, intoto
from readiness.layers import catalog
from readiness.layers.infrastructure import recreation
from readiness.layers.infrastructure.cassettes import library
from readiness.layers.security import reports
from readiness.sequence.evidence import EXECUTED_TTL, LIVE_TTL, Digest, Evidence, Witness, stale_reason
from readiness.sequence.finding import Cause, Finding, Outcome
from readiness.sequence.verdict import Verdict
from readiness.world import files, keys, own_code
from readiness.world.environment import index_settings
from readiness.world.project import Project

FOLDER = ".readiness/evidence"
VERDICT = "verdict"
OTHER_CONDITIONS = "was made under other conditions (version, code, stakes, mode, machine or package index)"
UNKNOWN_TTL = timedelta(hours=24)
_RESULTS = {Outcome.HOLDS: "PASSED", Outcome.FAILS: "FAILED"}
_NOT_KEPT = (Cause.INDEX, Cause.TOOL, Cause.INTERPRETER)
"""Causes that lie with this machine or this moment: what is unknown for them is tried again, never remembered."""


@dataclass(frozen=True, slots=True)
class Found:
    """One evidence file: the evidence, or why it was refused."""

    path: Path
    evidence: Evidence | None
    refused: str = ""


def conditions(project: Project, manifest: Manifest, check: str = "") -> Digest:
    """The digest of what a judgement depends on besides the tree: this version and its code, stakes, mode, machine, package index.

    A check of another package is bound to the code of that, too; one that looks at history to the commit, and one that looks
    beyond a project that is a part of a repository to the files of the whole.
    """
    found: dict[str, Any] = {
        "version": __version__,
        "code": own_code.digest(),
        "stakes": manifest.stakes,
        "mode": manifest.mode.mode,
        "machine": f"{platform.system()} {platform.machine()}",
        "index": index_settings(),
    }
    if module := catalog.foreign(check):
        found["module"] = own_code.of_module(module)
    if check in catalog.with_history():
        found["commit"] = project.commit
    if check == recreation.CHECK:
        found["recreations"] = recreation.standing(project.home)
    if check in reports.CHECKS:
        found["reports"] = reports.standing(project.home, manifest)
    if (cassette := _cassette(project, manifest)) is not None:
        found["cassette"] = cassette.id
    if project.whole is not None and check in catalog.looking_beyond():
        found["repository"] = project.whole.tree
    return canonical.digest(canonical.canonical(found))


def _cassette(project: Project, manifest: Manifest) -> library.Found | None:
    """The cassette the demo is answered from; None where it is not, or from none that can be believed."""
    demo = manifest.demo
    if demo is None or demo.network != "cassette":
        return None
    return library.chosen(project.root, project.home, demo)


def worth_keeping(finding: Finding) -> bool:
    """Whether a finding may answer a later question: not where only this machine or moment stood in the way."""
    return finding.outcome is not Outcome.UNKNOWN or finding.cause not in _NOT_KEPT


def store(project: Project, manifest: Manifest, finding: Finding, made_at: datetime, key: keys.Key) -> Evidence:
    """Writes the evidence of a finding and returns it. Raises OSError where the folder cannot be written."""
    witness = _grade(key.id, manifest)
    evidence = Evidence(finding, project.tree, made_at, _expiry(project, manifest, finding, made_at), witness)
    predicate = {
        "result": _RESULTS.get(finding.outcome, "WARNED"),
        "configuration": [{"name": "conditions", "digest": {"sha256": _hex(conditions(project, manifest, finding.check))}}],
        "readiness": {
            "finding": findings.to_json(finding),
            "made_at": canonical.moment(made_at),
            "expires_at": canonical.moment(evidence.expires_at),
            "version": __version__,
        },
    }
    data = intoto.envelope(intoto.statement(project.id, _hex(project.tree), intoto.TEST_RESULT, predicate), key.id, key.sign)
    name = f"{_hex(project.tree)[:12]}-{made_at:%Y%m%dT%H%M%SZ}.dsse.json"
    folder = project.home / FOLDER / finding.check
    ignore(project.home)
    files.write_atomically(folder / name, data)
    return Evidence(finding, project.tree, made_at, evidence.expires_at, witness, canonical.digest(data))


def _expiry(project: Project, manifest: Manifest, finding: Finding, made_at: datetime) -> datetime:
    """When evidence ends: after its time to live, or with the first day on which something the manifest allows has ended.

    What is allowed, or a secret that is still fresh, may be why a check held; remembered longer, it would outlive its end.
    """
    longest = min(timedelta(days=manifest.infrastructure.ttl_days), _longest(finding.check))
    ttl = min(longest, UNKNOWN_TTL) if finding.outcome is Outcome.UNKNOWN else longest
    today = made_at.astimezone(UTC).date()
    last_days = [*(item.expires for item in manifest.security.allow), *(item.expires for item in manifest.waivers)]
    last_days += [item.rotated + timedelta(days=item.rotate_days) for item in manifest.security.secrets if item.rotated is not None]
    ends = [datetime.combine(day, time(), UTC) + timedelta(days=1) for day in last_days if today <= day < date.max]
    cassette = _cassette(project, manifest)
    if cassette is not None and cassette.cassette is not None and cassette.cassette.expires_at > made_at:
        ends.append(cassette.cassette.expires_at)
    return min([made_at + ttl, *ends])


def _longest(check: str) -> timedelta:
    return LIVE_TTL if check in catalog.of_live_systems() else EXECUTED_TTL


def ignore(root: Path) -> None:
    """Makes git ignore `.readiness/`, without touching a file of the user."""
    files.ignore_own(root)


def store_verdict(project: Project, manifest: Manifest, verdict: Verdict, used: list[Evidence], now: datetime, key: keys.Key) -> Path:
    """Writes the verdict as a SLSA Verification Summary and returns its path."""
    passed = [f"READINESS_LAYER_{number}" for number in range(1, verdict.layer_held + 1)]
    predicate = {
        "verifier": {"id": f"readiness/{__version__}"},
        "timeVerified": canonical.moment(now),
        "resourceUri": f"git+{project.id}@{project.commit}" if project.commit else project.id,
        "policy": {"uri": f"readiness:{manifest.mode.mode}/{manifest.stakes}", "digest": {"sha256": _hex(conditions(project, manifest))}},
        "inputAttestations": [{"digest": {"sha256": _hex(item.digest)}} for item in used],
        "verificationResult": "PASSED" if verdict.exit_code == 0 else "FAILED",
        "verifiedLevels": passed,
        "slsaVersion": "1.0",
    }
    data = intoto.envelope(intoto.statement(project.id, _hex(project.tree), intoto.VSA, predicate), key.id, key.sign)
    path = project.home / FOLDER / VERDICT / f"{_hex(project.tree)[:12]}-{now:%Y%m%dT%H%M%SZ}.dsse.json"
    files.write_atomically(path, data)
    return path


def listed(root: Path) -> list[Path]:
    """The evidence files of a project, newest first."""
    return _newest_first(path for path in (root / FOLDER).glob("*/*.dsse.json") if path.parent.name != VERDICT)


def verdicts_listed(root: Path) -> list[Path]:
    """The verdict files of a project, newest first."""
    return _newest_first((root / FOLDER / VERDICT).glob("*.dsse.json"))


def _newest_first(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: path.name[13:], reverse=True)


def collect(project: Project, manifest: Manifest, now: datetime) -> tuple[dict[str, Evidence], list[Found]]:
    """The newest evidence that counts for each check, and every file that was refused for another reason than age."""
    trusted = trusted_keys(manifest)
    asked: dict[str, Digest] = {}
    good: dict[str, Evidence] = {}
    refused = []
    for path in listed(project.home):
        if not path.name.startswith(_hex(project.tree)[:12]) or path.parent.name in good:
            continue
        check = path.parent.name
        if check not in asked:
            asked[check] = conditions(project, manifest, check)
        found = read(path, trusted, asked[check])
        if found.evidence is None and found.refused != OTHER_CONDITIONS:
            refused.append(found)
        elif found.evidence is None:
            continue  # honest, and an answer to another question
        elif not stale_reason(found.evidence, project.tree, now):
            good[check] = found.evidence
    return good, refused


def trusted_keys(manifest: Manifest) -> dict[str, str]:
    """Keys whose evidence counts, with the grade of their word: the user's own as `self`, and those of [trust]."""
    found = {}
    mine = keys.own(make=False)
    if mine is not None:
        found[mine.id] = "self"
    return found | {item.key: item.grade for item in manifest.trust}


def read(path: Path, trusted: dict[str, str], wanted: Digest | None) -> Found:
    """One evidence file, believed only when its signature is of a trusted key and it says what its place says."""
    try:
        data = path.read_bytes()
        signed = intoto.open_envelope(data)
        grade = _signer(signed, trusted)
        body = intoto.read_statement(signed.payload, intoto.TEST_RESULT)
        return Found(path, _evidence(path, body, grade, canonical.digest(data), wanted))
    except OSError as error:
        return Found(path, None, f"cannot be read: {error.strerror}")
    except intoto.Refused as error:
        return Found(path, None, str(error))


@dataclass(frozen=True, slots=True)
class Summary:
    """One verdict file: the tree it is about, its result, the layers it says are held, and the evidence it rests on."""

    path: Path
    tree: str = ""
    result: str = ""
    held: int = 0
    inputs: tuple[Digest, ...] = ()
    witness: str = ""
    refused: str = ""


def read_verdict(path: Path, trusted: dict[str, str]) -> Summary:
    """One verdict file, believed only when its signature is of a trusted key and it is a verdict about what its name says."""
    try:
        signed = intoto.open_envelope(path.read_bytes())
        grade = _signer(signed, trusted)
        body = intoto.read_statement(signed.payload, intoto.VSA)
        summary = _summary(path, body, grade)
    except OSError as error:
        return Summary(path, refused=f"cannot be read: {error.strerror}")
    except intoto.Refused as error:
        return Summary(path, refused=str(error))
    return summary


def _summary(path: Path, body: dict[str, Any], grade: str) -> Summary:
    try:
        predicate = body["predicate"]
        tree = Digest(f"sha256:{body['subject'][0]['digest']['sha256']}")
        inputs = tuple(Digest(f"sha256:{item['digest']['sha256']}") for item in predicate["inputAttestations"])
        result, held = str(predicate["verificationResult"]), len(predicate["verifiedLevels"])
    except (KeyError, TypeError, IndexError) as error:
        raise intoto.Refused(f"has no verdict in it ({type(error).__name__}: {error})") from None
    if not path.name.startswith(_hex(tree)[:12]):
        raise intoto.Refused("is about another tree than its name says")
    return Summary(path, tree, result, held, inputs, grade)


def _signer(signed: intoto.Signed, trusted: dict[str, str]) -> str:
    message = intoto.encoding(signed.payload)
    for key_id, signature in signed.signatures:
        if key_id in trusted and keys.verifies(key_id, signature, message):
            return trusted[key_id]
    named = signed.signatures[0][0]
    if named not in trusted:
        raise intoto.Refused(f"is signed by {named[:24]}…, which is not trusted")
    raise intoto.Refused("was edited after it was signed: the signature does not match")


def _evidence(path: Path, body: dict[str, Any], grade: str, digest: Digest, wanted: Digest | None) -> Evidence:
    try:
        ours = body["predicate"]["readiness"]
        finding = findings.from_json(ours["finding"])
        tree = Digest(f"sha256:{body['subject'][0]['digest']['sha256']}")
        made, expires = (datetime.fromisoformat(ours[name]) for name in ("made_at", "expires_at"))
        stated = body["predicate"]["configuration"][0]["digest"]["sha256"]
        if made.tzinfo is None or expires.tzinfo is None:
            raise ValueError("a time without its zone")
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise intoto.Refused(f"has no finding in it ({type(error).__name__}: {error})") from None
    if finding.check != path.parent.name:
        raise intoto.Refused(f"is about {finding.check}, and lies with {path.parent.name}")
    if not path.name.startswith(_hex(tree)[:12]):
        raise intoto.Refused("is about another tree than its name says")
    if wanted is not None and stated != _hex(wanted):
        raise intoto.Refused(OTHER_CONDITIONS)
    expires = min(expires, made + _longest(finding.check))  # whatever its signer allowed
    return Evidence(finding, tree, made, expires, Witness(grade), digest, cached=True)


def _grade(key_id: str, manifest: Manifest) -> Witness:
    return Witness(next((item.grade for item in manifest.trust if item.key == key_id), "self"))


def _hex(digest: Digest) -> str:
    return digest.removeprefix("sha256:")
