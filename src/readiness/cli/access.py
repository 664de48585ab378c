"""`readiness access`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.cli import access_database, folder

if TYPE_CHECKING:
    from readiness.formats.access_matrix import Matrix
    from readiness.runs.access import Answered, Linted


def parser() -> argparse.ArgumentParser:
    """The command line of `access`."""
    found = argparse.ArgumentParser("readiness access", description="Ask the access policies of a project, written in Cedar.")
    commands = found.add_subparsers(dest="command", required=True, metavar="lint|can|matrix|plan|apply|audit|generate")
    lint = commands.add_parser("lint", help="say what is wrong with the policies; exit 1 where something is")
    lint.add_argument("files", nargs="*", type=Path, metavar="FILE", help="policies and their schema (default: those of the project)")
    can = commands.add_parser("can", help="say whether somebody may do something, and which policies decide; exit 1 where not")
    can.add_argument("principal", metavar="PRINCIPAL", help='who, `User::"ada"`, or `ada` where that can be only one')
    can.add_argument("action", metavar="ACTION", help='does what, `Action::"read"` or `read`')
    can.add_argument("resource", metavar="RESOURCE", help='with what, `Document::"d1"` or `d1`')
    can.add_argument("--context", default="", metavar="JSON", help="what else the request says, an object")
    matrix = commands.add_parser("matrix", help="show who may do what with which")
    matrix.add_argument("--format", choices=("text", "html", "json"), default="text", help="text, a page for people, or JSON")
    live = access_database.add(commands)
    for sub in (can, matrix):
        sub.add_argument(
            "--entities", type=Path, metavar="FILE", help="who there is, in Cedar's JSON (default: entities.json beside the policies)"
        )
    for sub in (lint, can, matrix, *live):
        folder.option(sub)
    return found


def run(argv: list[str]) -> int:
    """Runs one of its commands."""
    given = parser().parse_args(argv)
    from readiness.runs import access

    root = folder.of(given.project)
    if given.command == "lint":
        return _linted(access.lint(root, given.files))
    if given.command == "can":
        return _answered(access.can(root, (given.principal, given.action, given.resource), given.context, given.entities))
    if given.command == "matrix":
        return _matrix(*access.table(root, given.entities), given.format)
    return access_database.run(root, given)


def _linted(linted: Linted) -> int:
    access = linted.access
    for fault in linted.faults:
        print(f"{'?' if fault.limit else '✗'} {fault}")
    for policy in access.read.policies:
        if policy.template:
            print(f"· {policy.place}: the template `{policy.id}` decides nothing until it is linked")
    if linted.asked is not None:
        for policy in linted.asked.silent:
            print(f"· {policy.place}: `{policy.id}` met none of the requests that were asked")
    faults = [fault for fault in linted.faults if not fault.limit]
    if faults:
        print(f"{len(faults)} thing{'s are' if len(faults) != 1 else ' is'} wrong with {_counted(len(access.read.policies))}")
        return 1
    if linted.faults or linted.asked is None:
        print("not all of it could be judged")
        return 3
    asked = linted.asked
    print(f"✓ {_counted(len(access.read.policies))} hold against the schema; {asked.asked} requests asked, {asked.allowed} allowed")
    return 0


def _counted(count: int) -> str:
    return f"{count} polic{'ies' if count != 1 else 'y'}"


def _answered(answered: Answered) -> int:
    decision = answered.decision
    for uid in answered.unknown:
        print(f"note: nobody described {uid}: it is taken to be in no group and without attributes", file=sys.stderr)
    print(f"{'allowed' if decision.allowed else 'denied'}  {answered.request}")
    for policy in decision.policies:
        print(f"  {policy.effect}  {policy.id}  {policy.place}")
    if answered.approvable:
        print("  somebody else has to agree, as `approved_by` in the context")
    if not decision.policies:
        print("  no policy permits it")
    for near in answered.near:
        print(f"  nearest  {near.policy.id}  {near.policy.place}")
        for text, line in near.unmet:
            print(f"    not so  {text}  {near.policy.file}:{line}")
    return 0 if decision.allowed else 1


def _matrix(project: str, matrix: Matrix, form: str) -> int:
    if form == "json":
        from readiness.formats import access_matrix

        print(access_matrix.emit(matrix), end="")
    elif form == "html":
        from readiness.formats import access_html

        print(access_html.render(matrix, project), end="")
    else:
        _tables(matrix)
    return 0


def _tables(matrix: Matrix) -> None:
    marks = {"yes": "✓", "no": "✗", "depends": "~"}
    for action in matrix.actions:
        print(action)
        who, what, cells = matrix.of(action)
        width, other = max(map(len, who)), max(map(len, what))
        for principal in who:
            for resource in what:
                cell = cells.get((principal, resource))
                if cell is not None:
                    names = ", ".join(policy.id for policy in cell.policies)
                    print(f"  {principal:<{width}}  {resource:<{other}}  {marks[cell.answer]} {cell.answer:<8} {names}".rstrip())
    print(f"{matrix.source} ✓ always, ✗ never, ~ in some cases")
