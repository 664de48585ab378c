"""`readiness outcome`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.cli import folder

if TYPE_CHECKING:
    from readiness.layers.measurement.lint import Assessed
    from readiness.runs.outcome import Linted, Locked


def parser() -> argparse.ArgumentParser:
    """The command line of `outcome`."""
    found = argparse.ArgumentParser("readiness outcome", description="Lint the outcomes of a project by running them, or lock them.")
    commands = found.add_subparsers(dest="command", required=True, metavar="lint|lock")
    lint = commands.add_parser("lint", help="run each metric and say what is wrong; exit 1 where something is")
    lock = commands.add_parser("lock", help="sign each outcome with its baseline, before the build begins")
    for sub in (lint, lock):
        sub.add_argument("id", nargs="?", default="", help="one outcome (default: all)")
        folder.option(sub)
    return found


def run(argv: list[str]) -> int:
    """Runs `lint` or `lock`."""
    given = parser().parse_args(argv)
    from readiness.cli import progress
    from readiness.runs import outcome

    root = folder.of(given.project)
    if given.command == "lint":
        linted = outcome.lint_all(root, given.id, progress=progress.line)
        return max(_show(item) for item in linted)
    return max(_locked(item, root) for item in outcome.lock_all(root, given.id, progress=progress.line))


def _show(item: Linted) -> int:
    assessed = item.assessed
    print(f"{assessed.outcome.id}  {assessed.outcome.change}")
    if assessed.reason:
        print(f"  ? could not be measured: {assessed.reason}")
    for problem in assessed.problems:
        place = f"{problem.location.file}:{problem.location.line}: " if problem.location else ""
        print(f"  ✗ {place}{problem.text}")
    if not assessed.problems and not assessed.reason:
        _measured(assessed)
        _lock_line(item)
    return 1 if assessed.problems else 3 if assessed.reason else 0


def _measured(assessed: Assessed) -> None:
    from readiness.layers.measurement import proving
    from readiness.sequence.wording import counted

    times = sorted(unit.occurred_at for unit in assessed.measured.units)
    span = f", {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}" if times else ""
    print(f"  ✓ the metric runs: {counted(len(times), 'unit')} of `{assessed.outcome.unit}`{span}; no proxy")
    if assessed.baseline is not None:
        mark = "✓" if assessed.baseline.value is not None else "✗"
        print(f"  {mark} baseline {proving.text(assessed.baseline)}: {proving.number(assessed.outcome, assessed.baseline)}")


def _lock_line(item: Linted) -> None:
    from readiness.layers.measurement.proving import State

    good = item.proof.state in (State.BEFORE, State.PROSPECTIVE)
    command = f"; `readiness outcome lock {item.assessed.outcome.id}`" if item.proof.state in (State.MISSING, State.EDITED) else ""
    kind = "retrospective: " if item.proof.state is State.RETROSPECTIVE else ""
    print(f"  {'✓' if good else '·'} lock: {kind}{item.proof.reason}{command}")


def _locked(item: Locked, root: Path) -> int:
    from readiness.layers.measurement import proving

    path = item.path.relative_to(root).as_posix()
    outcome = item.assessed.outcome
    if item.lock is None:
        print(f"✗ {outcome.id} is not locked: {item.refused}")
        if item.assessed.problems:
            print(f"  `readiness outcome lint {outcome.id}` names them")
        return 3 if item.assessed.reason else 1
    if item.already:
        print(f"· {outcome.id} is locked since {item.lock.locked_at:%Y-%m-%d}, version {item.lock.version}: nothing to do")
        return 0
    number = f": {proving.number(outcome, item.lock.baseline)}" if item.lock.baseline else ""
    print(f"✓ {path}  version {item.lock.version}{number}")
    when = "commit it" if item.late or outcome.design.prospective else "commit it before the first code"
    if item.late:
        print(f"  {item.late}")
    print(f'  {when}, and let others believe it: [trust] keys = ["{item.lock.signer}"]')
    return 0
