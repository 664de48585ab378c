"""`evidence show` and `evidence verify`: what evidence there is, and whether it is to be believed."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from readiness.config import manifest as manifests
from readiness.errors import UsageError
from readiness.formats import canonical, intoto
from readiness.runs import evidence as store
from readiness.sequence.evidence import stale_reason
from readiness.world import project as projects


@dataclass(frozen=True, slots=True)
class Line:
    """One evidence file or verdict: what it says, until when it counts, why it is `stale`, or why it is `refused`."""

    path: str
    digest: str
    check: str
    outcome: str
    witness: str
    expires: str
    stale: str = ""
    refused: str = ""


def inspect(root: Path, now: datetime) -> list[Line]:
    """Every evidence file of a project, newest first, then its verdicts, each verified against the tree as it is now."""
    if not root.is_dir():
        raise UsageError(f"no folder {root}", "name the folder of a project")
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    trusted = store.trusted_keys(manifest)
    lines = []
    for path in store.listed(root):
        found = store.read(path, trusted, None)
        wanted = store.conditions(project, manifest, path.parent.name)
        other = found.evidence is not None and store.read(path, trusted, wanted).evidence is None
        lines.append(_line(root, found, project, now, store.OTHER_CONDITIONS if other else ""))
    here = {line.digest for line in lines if not line.refused}
    verdicts = (store.read_verdict(path, trusted) for path in store.verdicts_listed(root))
    return [*lines, *(_verdict_line(root, found, project, here) for found in verdicts)]


def _verdict_line(root: Path, found: store.Summary, project: projects.Project, here: set[str]) -> Line:
    place = found.path.relative_to(root / store.FOLDER).as_posix()
    digest = canonical.digest(found.path.read_bytes())
    if found.refused:
        return Line(place, digest, store.VERDICT, "", "", "", refused=found.refused)
    gone = sum(item not in here for item in found.inputs)
    stale = "made on another tree" if found.tree != project.tree else ""
    if gone and not stale:
        stale = f"rests on {gone} evidence files that are not here or do not count"
    said = f"{found.result.lower()}, {found.held} held"
    return Line(place, digest, store.VERDICT, said, found.witness, "", stale)


def _line(root: Path, found: store.Found, project: projects.Project, now: datetime, other: str) -> Line:
    place = found.path.relative_to(root / store.FOLDER).as_posix()
    digest = canonical.digest(found.path.read_bytes())
    if found.evidence is None:
        return Line(place, digest, found.path.parent.name, "", "", "", refused=found.refused)
    evidence = found.evidence
    stale = stale_reason(evidence, project.tree, now) or other
    expires = f"{evidence.expires_at:%Y-%m-%d %H:%M} UTC"
    return Line(place, digest, evidence.finding.check, evidence.finding.outcome, evidence.witness, expires, stale)


def content(root: Path, prefix: str) -> str:
    """The statement of the evidence file whose digest starts so, as indented JSON.

    Raises UsageError where there is none, more than one, or the prefix is shorter than eight digits.
    """
    wanted = prefix.removeprefix("sha256:")
    if len(wanted) < 8:
        raise UsageError(f"`{prefix}` is too short to name evidence", "give at least eight digits; `readiness evidence show` lists them")
    files = (*store.listed(root), *store.verdicts_listed(root))
    found = [path for path in files if canonical.digest(path.read_bytes())[7:].startswith(wanted)]
    if len(found) != 1:
        raise UsageError(
            f"{'no' if not found else 'more than one'} evidence starts with `{prefix}`", "`readiness evidence show` lists them"
        )
    try:
        signed = intoto.open_envelope(found[0].read_bytes())
        body = json.loads(signed.payload)
    except (intoto.Refused, ValueError) as error:
        raise UsageError(f"{found[0].name} {error}", "remove it; `readiness check` makes it again") from None
    signatures = [{"keyid": key, "sig": base64.b64encode(sig).decode()} for key, sig in signed.signatures]
    return json.dumps({"statement": body, "signatures": signatures}, indent=2, ensure_ascii=False)
