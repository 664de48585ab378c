"""`readiness run`."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from readiness.cli import folder
from readiness.errors import UsageError

if TYPE_CHECKING:
    from readiness.layers.infrastructure.evidence import Run
    from readiness.layers.infrastructure.recorded import Listed

_EPILOG: Final = "to run a command: readiness run [OPTION ...] -- COMMAND [ARGUMENT ...]; the exit code is that of the command"


class _Parser(argparse.ArgumentParser):
    """A parser that leaves alone what stands behind `--`: the words of the command, as `words`."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # as argparse declares it
        """The namespace with `words`, and what was not understood."""
        given = list(sys.argv[1:] if args is None else args)
        split = given.index("--") if "--" in given else len(given)
        found, rest = super().parse_known_args(given[:split], namespace)
        if not hasattr(found, "words") or given[split:]:
            found.words = given[split + 1 :]
        return found, rest

    def error(self, message: str) -> NoReturn:
        """Says what a command without `--` before it lacks; everything else as argparse does."""
        if "invalid choice" in message and "list|show" in message:
            raise UsageError("a command to run stands behind `--`", "readiness run -- python train.py")
        super().error(message)


def parser() -> argparse.ArgumentParser:
    """The command line of `run`."""
    found = _Parser(
        "readiness run",
        usage="readiness run [OPTION ...] -- COMMAND [ARGUMENT ...]\n       readiness run list|show [OPTION ...]",
        description="Run a command as you would, and record what its result rests on; or look at recorded runs.",
        epilog=_EPILOG,
    )
    found.add_argument("--output", action="append", default=[], metavar="GLOB", help="a file the command writes; may be given again")
    found.add_argument("--metrics", default="", metavar="FILE", help="JSON file of metrics the command writes (default: that of [demo])")
    found.add_argument("--seed", default="", metavar="VALUE", help="given to the command as SEED, and recorded")
    folder.option(found)
    commands = found.add_subparsers(dest="command", prog="readiness run", metavar="list|show|-- COMMAND [ARGUMENT ...]")
    listing = commands.add_parser("list", help="list the recorded runs, newest first")
    show = commands.add_parser("show", help="show one run: its factors, outputs, metrics and environment")
    show.add_argument("id", help="id of a run, or at least eight digits of it")
    listing.add_argument("--format", choices=("text", "json"), default="text", help="what standard output gets (default: text)")
    show.add_argument("--format", choices=("text", "json", "snapshot"), default="text", help="text, JSON, or its snapshot (default: text)")
    for sub in (listing, show):
        folder.option(sub)
    return found


def run(argv: list[str]) -> int:
    """Runs and records a command, whose exit code is ours, or shows recorded runs."""
    given = parser().parse_args(argv)
    root = folder.of(given.project)
    if given.command is not None and not given.words:
        return _list(root, given.format) if given.command == "list" else _show(root, given.id, given.format)
    if given.command is not None or not given.words:
        raise UsageError("no command to run", "put it behind `--`: readiness run -- python train.py")
    from readiness.runs import run as runs

    made = runs.run(root, runs.Asked(tuple(given.words), tuple(given.output), given.metrics, given.seed))
    for note in made.notes:
        print(f"readiness: {note}", file=sys.stderr)
    print(f"readiness: recorded {made.id} ({_lasted(made)}, exit {made.exit_code})", file=sys.stderr)
    return made.exit_code


def _list(root: Path, form: str) -> int:
    from readiness.layers.infrastructure import recorded

    found = recorded.listed(root)
    if form == "json":
        import json

        print(json.dumps({"schema": "readiness/runs/1", "runs": [_summary(item) for item in found]}, indent=2, ensure_ascii=False))
        return 0
    if not found:
        print("no run is recorded here; `readiness run -- COMMAND` records one")
        return 0
    names = [item.id for item in found]
    width = shutil.get_terminal_size((100, 24)).columns
    column = max(len(recorded.shortest(name, names)) for name in names)
    for item in found:
        trouble = item.trouble.partition(" cannot be read: ")[2] or item.trouble
        told = _row(item.run) if item.run else f"? cannot be read: {trouble}"
        print(f"{recorded.shortest(item.id, names):<{column}}  {told}"[:width].rstrip())
    return 0


def _row(run: Run) -> str:
    command = " ".join(shlex.join(run.command).splitlines())
    at = f"{run.commit[:7]}{'+' if run.dirty else ''}" if run.commit else "no commit"
    return f"{run.started:%Y-%m-%d %H:%M}  exit {run.exit_code:<3}  {_lasted(run):>7}  {at:<9} {command}"


def _summary(item: Listed) -> dict[str, Any]:
    if item.run is None:
        return {"id": item.id, "unreadable": item.trouble}
    from readiness.layers.infrastructure import recorded

    whole = recorded.to_json(item.run)
    return {name: whole[name] for name in ("id", "command", "started", "elapsed_s", "exit_code", "commit", "dirty", "factors", "metrics")}


def _lasted(run: Run) -> str:
    return f"{run.elapsed_s:.1f} s" if run.elapsed_s < 600 else f"{run.elapsed_s / 60:.0f} min"


def _show(root: Path, name: str, form: str) -> int:
    from readiness.layers.infrastructure import recorded

    found = recorded.find(root, name)
    if form == "snapshot":
        from readiness.layers.infrastructure import snapshot

        print(snapshot.write(found.snapshot).decode(), end="")
        return 0
    if form == "json":
        import json

        print(json.dumps(recorded.to_json(found), indent=2, ensure_ascii=False))
        return 0
    from readiness.cli.run_text import lines

    print("\n".join(line.rstrip() for line in lines(found)).encode("utf-8", "replace").decode())
    return 0
