"""`readiness approve`."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from readiness.errors import UsageError

if TYPE_CHECKING:
    from readiness.runs.approvals import Verified
    from readiness.runs.approve import Approved

_MARKS: Final = {"approve": "✓", "build": "✓", "pilot": "~"}


def parser() -> argparse.ArgumentParser:
    """The command line of `approve`."""
    found = argparse.ArgumentParser(
        "readiness approve",
        description="Say on one page, for somebody who is no engineer, whether a project may go to production, or be built; "
        "or verify the pages there are.",
    )
    found.add_argument("words", nargs="*", metavar="verify|PATH", help="`verify` to verify pages; folder of the project (default: here)")
    found.add_argument("--to-build", action="store_true", help="the gate before there is code: may it be built?")
    found.add_argument("--format", choices=("text", "json"), default="text", help="what standard output gets (default: text)")
    found.add_argument("--sign", action="store_true", help="sign the page, as somebody authority.yaml names")
    found.add_argument("--key", type=Path, metavar="FILE", help="ssh key to sign with (default: git's user.signingkey, ~/.ssh/id_ed25519)")
    return found


def run(argv: list[str]) -> int:
    """Writes the page and returns 0 for a yes, 1 for a no, 3 where a yes is not proven; verifying, 0 for a signed yes."""
    given = parser().parse_args(argv)
    from readiness.cli import progress
    from readiness.runs import approve, check

    words = list(given.words)
    verifying = words[:1] == ["verify"]
    paths = words[1:] if verifying else words
    if len(paths) > 1:
        raise UsageError(f"one project at a time, got {' '.join(paths)}", "name one folder")
    root = approve.one(check.locate(Path(paths[0]) if paths else Path()))
    if verifying:
        return _verify(root)
    found = approve.approve(
        root, to_build=given.to_build, sign=given.sign, key=given.key, watcher=check.Watcher(progress=progress.line)
    )  # fmt: skip
    print(_json(found) if given.format == "json" else _text(found, root))
    return found.approval.exit_code


def _text(found: Approved, root: Path) -> str:
    approval, page = found.approval, found.written.told
    until = f" until {approval.until}" if approval.until else ""
    lines = [
        f"readiness approve · {page['project']} · {page['gate']}",
        f"  {_MARKS.get(approval.decision, '✗')} {approval.decision}{until}",
    ]
    for number, item in enumerate(approval.obstacles, 1):
        named = f" [{item.check}]" if item.check else ""
        lines.append(f"  {number:>2} {item.area}: {item.text}{named}")
        if item.command:
            lines.append(f"       $ {item.command}")
    what = "written" if found.written.fresh else "as it was written before"
    lines += [f"  page    {found.written.html.relative_to(root)} ({what})", f"  record  {found.written.markdown.relative_to(root)}"]
    if found.signer:
        lines.append(f"  signed  by {found.signer}")
    return "\n".join(lines).encode("utf-8", "replace").decode()


def _json(found: Approved) -> str:
    approval = found.approval
    whole = {
        **found.written.told,
        "exit": approval.exit_code,
        "obstacles": [
            {
                "area": item.area,
                "check": item.check or None,
                "outcome": item.outcome.value,
                "text": item.text,
                "command": item.command or None,
            }
            for item in approval.obstacles
        ],
        "files": [found.written.html.as_posix(), found.written.markdown.as_posix()],
        "signer": found.signer or None,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False).encode("utf-8", "replace").decode()


def _verify(root: Path) -> int:
    from readiness.config import manifest as manifests
    from readiness.runs import approvals
    from readiness.world import project as projects

    project = projects.load(root, manifests.load(root).project_id)
    found = approvals.verify(project, datetime.now(UTC).date())
    if not found:
        print("no approval here; `readiness approve` writes one")
        return 1
    for item in found:
        print(_line(item))
    newest = [item for item in found if item.newest]
    return 0 if newest[0].counts and not any(item.refused for item in found) else 1


def _line(item: Verified) -> str:
    state = f"refused: {item.refused}" if item.refused else f"signed by {item.signer}" if item.signer else "not signed"
    stale = f"; {item.stale}" if item.stale else ""
    mark = "✗" if item.refused else "✓" if item.counts else "·"
    return f"{mark} {item.name}  {item.gate.rstrip('?').lower()}: {item.decision}  {state}{stale}"
