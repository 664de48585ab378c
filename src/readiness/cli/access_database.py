"""The commands of `readiness access` that look at a live PostgreSQL."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.errors import UsageError
from readiness.sequence.wording import counted

if TYPE_CHECKING:
    from readiness.formats.access_audit import Audited
    from readiness.runs.access_database import Planned, Written


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> tuple[argparse.ArgumentParser, ...]:
    """Adds them to the command line of `access`."""
    plan = commands.add_parser("plan", help="print the SQL that a PostgreSQL lacks to decide the same; exit 1 where it cannot")
    apply = commands.add_parser("apply", help="show that SQL and, when told so, carry it out: all of it or nothing")
    apply.add_argument("--yes", action="store_true", help="carry it out without asking")
    apply.add_argument("--digest", default="", metavar="SHA256", help="carry out this plan alone, as `plan` named it, and no other")
    audit = commands.add_parser("audit", help="say how a live PostgreSQL differs from the policies, and why; exit 1 where it does")
    audit.add_argument("--format", choices=("text", "json"), default="text", help="text, or JSON")
    generate = commands.add_parser("generate", help="write policies and schema that say what a live PostgreSQL does; exit 1 where not all")
    generate.add_argument("--schema", action="append", default=[], metavar="NAME", help="the tables of this schema (default: of every one)")
    generate.add_argument("--into", type=Path, default=Path("policies"), metavar="FOLDER", help="where they go, new (default: policies)")
    for sub, what in ((plan, "which is only read "), (apply, ""), (audit, "which is only read "), (generate, "which is only read ")):
        sub.add_argument("--database-url", default="", metavar="URL", help=f"the database, {what}(default: READINESS_DATABASE_URL)")
    return plan, apply, audit, generate


def run(root: Path, given: argparse.Namespace) -> int:
    """Runs the one that was called."""
    from readiness.runs import access_database

    url = given.database_url or os.environ.get("READINESS_DATABASE_URL", "")
    if not url:
        text = f"no database to {given.command}" if given.command == "audit" else f"no database to {given.command} for"
        raise UsageError(text, "--database-url postgresql://user@host/database, or READINESS_DATABASE_URL")
    if given.command == "plan":
        return _shown(access_database.plan(root, url))
    if given.command == "generate":
        return _generated(root / given.into, access_database.generate(url, tuple(given.schema)))
    if given.command == "audit":
        return _audited(access_database.audit(root, url), given.format)
    return _applied(root, url, given)


def _shown(planned: Planned) -> int:
    for line in planned.refused:
        print(f"✗ {line}", file=sys.stderr)
    for line in planned.notes:
        print(f"note: {line}", file=sys.stderr)
    print(planned.script, end="", flush=True)
    if planned.refused:
        return 1
    takes = sum(step.takes for step in planned.steps)
    if planned.steps:
        count = counted(len(planned.steps), "statement")
        print(f"{count}, {takes} of them {'take' if takes != 1 else 'takes'} something away; {planned.digest}", file=sys.stderr)
    else:
        told = "nothing to change: privileges and row security of these tables are as the policies say"
        print(f"{told}; `readiness access audit` looks at roles and all else", file=sys.stderr)
    return 0


def _applied(root: Path, url: str, given: argparse.Namespace) -> int:
    from readiness.runs import access_database

    planned = access_database.plan(root, url)
    code = _shown(planned)
    if code or not planned.steps:
        return code
    digest = given.digest if given.digest.startswith("sha256:") or not given.digest else f"sha256:{given.digest}"
    if digest and (len(digest) < len("sha256:") + 8 or not planned.digest.startswith(digest)):
        raise UsageError("the plan is another one than the one named by --digest", "nothing was changed; read it, and name this one")
    if not given.yes and not _agreed():
        print("nothing was changed", file=sys.stderr)
        return 1
    done = access_database.apply(root, url, planned.digest)
    if done.refused:
        return _shown(done)
    print(f"done: {counted(len(done.steps), 'statement')} in one transaction", file=sys.stderr)
    return 0


def _agreed() -> bool:
    """Whether somebody at a terminal says yes. Raises UsageError where there is none to ask."""
    if not sys.stdin.isatty():
        raise UsageError("nothing was changed: there is no terminal to ask at", "read the plan, then call it again with --yes")
    print("carry it out? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _audited(audited: Audited, form: str) -> int:
    if form == "json":
        from readiness.formats import access_audit

        print(access_audit.emit(audited), end="")
        return audited.exit
    for drift in audited.drift:
        print(f"✗ {drift.source}: {drift.text}")
        print(f"    {drift.said}")
        print(f"    repair: {drift.repair}")
    for unseen in audited.unseen:
        print(f"? {unseen.what}: {unseen.why}")
    for note in audited.notes:
        print(f"note: {note}", file=sys.stderr)
    looked = f"{_counted(audited.tables, 'table')}, {_counted(audited.roles, 'role')}"
    if audited.drift:
        found = _counted(len(audited.drift), "difference")
        print(f"{found} between the policies and {audited.database} ({looked}){'; not all was seen' if audited.unseen else ''}")
    elif audited.unseen:
        print(f"not all of {audited.database} could be seen ({looked}); what was seen is as the policies say")
    else:
        print(f"✓ {audited.database} is as the policies say ({looked})")
    return audited.exit


def _counted(count: int, what: str) -> str:
    return counted(count, what)


def _generated(folder: Path, written: Written) -> int:
    """Writes both files where neither is there yet, and says what they do not hold."""
    files = {folder / "access.cedar": written.policies, folder / "access.cedarschema": written.schema}
    there = [path for path in files if path.exists()]
    if there:
        raise UsageError(f"{there[0]} is there already", "nothing was written; --into names another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    for line in written.left:
        print(f"✗ not generated, and closed by a plan: {line}")
    print(f"{_policies(written.count)} written to {folder}; a plan would change {_counted(len(written.steps), 'thing')}")
    return 1 if written.left or written.steps else 0


def _policies(count: int) -> str:
    return f"{count} polic{'ies' if count != 1 else 'y'}"
