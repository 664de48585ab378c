"""`readiness recreate`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from readiness.cli import folder

RUNGS = ("R0", "R1", "R2", "R3", "R4", "R5")


def parser() -> argparse.ArgumentParser:
    """The command line of `recreate`."""
    found = argparse.ArgumentParser("readiness recreate", description="Recreate the demo, rung by rung, and claim exactly the one reached.")
    found.add_argument("path", nargs="?", type=Path, default=Path(), help="folder of the project (default: here)")
    found.add_argument("--rung", choices=RUNGS, default="R2", help="climb up to this rung (default: R2)")
    found.add_argument("--seeds", type=int, default=1, metavar="N", help="recreate it for SEED=0 to N-1 (default: 1)")
    found.add_argument("--root", type=Path, metavar="DIR", help="R3: the root folder of another operating system")
    found.add_argument("--make-root", action="store_true", help="R3: have mmdebstrap make one, which downloads it")
    found.add_argument("--plan", action="store_true", help="say what would run, be written and be downloaded, and run nothing")
    found.add_argument("--format", choices=("text", "json"), default="text", help="what standard output gets (default: text)")
    exchange = found.add_mutually_exclusive_group()
    exchange.add_argument("--export", type=Path, metavar="FILE", help="R5: write a signed snapshot for another machine")
    exchange.add_argument("--import", type=Path, metavar="FILE", dest="snapshot", help="R5: recreate a snapshot here, and sign the result")
    found.add_argument("--result", type=Path, metavar="FILE", help="with --import: where the result is written (default: beside)")
    return found


def run(argv: list[str]) -> int:
    """Climbs, plans, exports or imports; returns the exit code."""
    given = parser().parse_args(argv)
    from readiness.errors import UsageError

    if given.seeds < 1:
        raise UsageError(f"--seeds must be at least 1, got {given.seeds}")
    if given.snapshot is not None:
        return _import(given.snapshot, given.result)
    root = folder.of(given.path)
    if given.export is not None:
        return _export(root, given.export)
    from readiness.runs.recreate import Asked

    asked = Asked(RUNGS.index(given.rung), given.seeds, given.root, given.make_root)
    if given.plan:
        from readiness.cli import recreate_text
        from readiness.runs import recreated

        print(recreate_text.planned(recreated.plan(root, asked)))
        return 0
    return _climb(root, asked, given.format)


def _climb(root: Path, asked: object, kind: str) -> int:
    from readiness.cli import progress, recreate_text
    from readiness.runs import recreate, recreated

    assert isinstance(asked, recreate.Asked)
    found = recreate.recreate(root, asked, progress.line)
    print(recreate_text.render(found) if kind == "text" else json.dumps(recreated.to_json(found), indent=2, ensure_ascii=False))
    return found.exit_code


def _export(root: Path, target: Path) -> int:
    from readiness.cli import progress, recreate_text
    from readiness.runs import exchange

    print(recreate_text.exported(exchange.export(root, target, progress.line)))
    return 0


def _import(source: Path, target: Path | None) -> int:
    from readiness.cli import progress, recreate_text
    from readiness.runs import exchange

    found = exchange.recreate_from(source, target, progress.line)
    print(recreate_text.imported(found))
    return found.exit_code
