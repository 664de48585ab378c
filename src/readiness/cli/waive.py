"""`readiness waive`."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from readiness.cli import folder
from readiness.errors import UsageError

_NEEDED = ("subject", "reason", "owner", "approver", "days", "blast_radius", "retirement")


def parser() -> argparse.ArgumentParser:
    """The command line of `waive`."""
    found = argparse.ArgumentParser(
        "readiness waive", description="Accept one problem of one check for a while: write the waiver, sign it, or list what there is."
    )
    found.add_argument("what", metavar="CHECK|sign|list", help="the check whose problem is accepted; or `sign`, or `list`")
    found.add_argument("id", nargs="?", metavar="ID", help="the waiver to sign")
    folder.option(found)
    found.add_argument("--subject", metavar="TEXT", help="the one problem that is accepted, as `check --format json` names it")
    found.add_argument("--reason", metavar="TEXT", help="why it is accepted")
    found.add_argument("--owner", metavar="PERSON", help="who carries the risk")
    found.add_argument("--approver", metavar="PERSON", help="who approves it and signs: neither the owner nor whoever writes it")
    found.add_argument("--days", type=int, metavar="N", help="days it lasts from today on, 90 at most")
    found.add_argument("--blast-radius", metavar="TEXT", help="what is hit if it goes wrong")
    found.add_argument("--retirement", metavar="TEXT", help="what makes it unnecessary")
    found.add_argument("--name", default="", metavar="ID", help="id of the new waiver (default: the next free one)")
    found.add_argument("--key", type=Path, metavar="FILE", help="ssh key to sign with (default: git's user.signingkey, ~/.ssh/id_ed25519)")
    return found


def run(argv: list[str]) -> int:
    """Writes, signs or lists waivers."""
    given = parser().parse_args(argv)
    root = folder.of(given.project)
    today = datetime.now(UTC).date()
    if given.what == "list":
        return _list(root, today)
    if given.what == "sign":
        return _sign(root, given.id or "", given.key)
    return _add(root, given, today)


def _add(root: Path, given: argparse.Namespace, today: date) -> int:
    from readiness.runs import waive

    missing = [f"--{name.replace('_', '-')}" for name in _NEEDED if getattr(given, name) in (None, "")]
    if missing:
        raise UsageError(f"a waiver needs {', '.join(missing)}", "`readiness waive --help` says what each is")
    wanted = waive.Wanted(
        given.what, given.subject, given.reason, given.owner, given.approver, given.days, given.blast_radius, given.retirement, given.name
    )
    made = waive.add(root, wanted, today)
    print(f"{root / 'readiness.toml'}: added waiver {made.id} for {made.check}, until {made.expires}")
    print(f"  now   commit it, and add a key of {made.approver} to {waive.SIGNERS}, by somebody else than you")
    print(f"  then  {made.approver} signs it: readiness waive sign {made.id}")
    return 0


def _sign(root: Path, name: str, key: Path | None) -> int:
    from readiness.runs import waive

    if not name:
        raise UsageError("`waive sign` needs the id of a waiver", "`readiness waive list` lists them")
    signed = waive.sign(root, name, key)
    print(f"{signed.path}: signed by {signed.approver}")
    if signed.doubt:
        print(f"  it does not count yet: {signed.doubt}")
    if signed.line:
        print(f"  {waive.SIGNERS} needs, committed by somebody who neither wrote nor carries the waiver:\n    {signed.line}")
    return 0


def _list(root: Path, today: date) -> int:
    from readiness.runs import waive

    found = waive.listed(root)
    if not found:
        print("no waivers here")
    for item in found:
        reason = item.invalid_reason(today)
        state = f"does not count: {reason}" if reason else f"counts until {item.expires}, {(item.expires - today).days} days from now"
        print(f"{'✗' if reason else '✓'} {item.id}  {item.check}  {item.subject}\n    {state}")
        print(f"    carried by {item.owner}, approver {item.approver}: {item.reason}")
    return 0
