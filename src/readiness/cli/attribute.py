"""`readiness attribute`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.cli import folder

if TYPE_CHECKING:
    from readiness.runs.attribute import Options, Report

_ABOUT = """Say how much of a change in a result is due to code, configuration, infrastructure, data, model and prompts,
and how much is chance, by running the demo with each of them from A or from B."""


def parser() -> argparse.ArgumentParser:
    """The command line of `attribute`."""
    found = argparse.ArgumentParser("readiness attribute", description=_ABOUT)
    found.add_argument(
        "a", metavar="A", help="before: a commit, branch or tag, a recorded run (r-…), `.` for the working tree, or a folder"
    )
    found.add_argument("b", metavar="B", help="after: likewise")
    found.add_argument("--metric", required=True, metavar="M", help="a name in the demo's metrics, or FILE:FIELD:STATISTIC of an output")
    found.add_argument("--min-effect", type=_amount, default=0.0, metavar="E", help="the smallest effect of interest (default: any)")
    found.add_argument("--max-runs", type=_count, default=400, metavar="N", help="the most runs of the experiment (default: 400)")
    found.add_argument("--part", action="append", default=[], metavar="NAME=GLOB", help="files that are a factor of their own; repeatable")
    found.add_argument("--share", type=_share, default=0.9, help="what to explain inside the strongest factor (default: 0.9 of it)")
    found.add_argument("--inside-runs", type=_count, default=160, metavar="N", help="the most runs of that search (default: 160)")
    found.add_argument("--no-inside", action="store_true", help="do not look inside the strongest factor")
    folder.option(found)
    found.add_argument("--plan", action="store_true", help="say what would be run and written, and run nothing")
    found.add_argument("--format", choices=("text", "json"), default="text", help="what standard output gets (default: text)")
    found.add_argument("--svg", type=Path, metavar="FILE", help="write a waterfall from A to B")
    found.add_argument("--html", type=Path, metavar="FILE", help="write the waterfall and the table as one page")
    return found


def run(argv: list[str]) -> int:
    """Runs the command: 0 where something can be said."""
    given = parser().parse_args(argv)
    from readiness.cli import attribute_text, progress
    from readiness.runs import attribute

    root = folder.of(given.project)
    _checked(given)
    options = _options(given)
    if given.plan:
        print(attribute_text.plan(attribute.plan(root, given.a, given.b, options)))
        return 0
    report = attribute.attribute(root, given.a, given.b, options, progress.line, _told)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    print(attribute_text.to_json(report) if given.format == "json" else attribute_text.text(report))
    _draw(report, given.svg, given.html)
    return 0


def _options(given: argparse.Namespace) -> Options:
    from readiness.runs.attribute import Options

    parts = dict(text.split("=", 1) for text in given.part)
    inside = 0 if given.no_inside else given.inside_runs
    return Options(given.metric, given.min_effect, given.max_runs, parts, given.share, inside)


def _checked(given: argparse.Namespace) -> None:
    from readiness.config.manifest import FACTORS
    from readiness.errors import UsageError

    for text in given.part:
        name, _, glob = text.partition("=")
        if not name or not glob or name in FACTORS or not name.replace("-", "").isalnum():
            raise UsageError(f"`--part {text}` is no part", "a name of your own and a glob: `--part ranking=src/rank/**`")
    for path in (given.svg, given.html):
        if path is not None and not path.absolute().parent.is_dir():
            raise UsageError(f"{path} cannot be written: there is no folder {path.parent}", "make the folder first")


def _draw(report: Report, svg: Path | None, html: Path | None) -> None:
    from readiness.cli import attribute_text
    from readiness.formats import waterfall
    from readiness.world import files

    found = attribute_text.waterfall(report)
    if svg is not None:
        files.write_whole(svg, waterfall.svg(found).encode())
    if html is not None:
        files.write_whole(html, waterfall.html(found, attribute_text.COLUMNS, attribute_text.rows(report)).encode())


def _told(cell: str, finished: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K  … run {finished + 1}: {cell if cell == 'A' else f'{cell} from B'}")
        sys.stderr.flush()


def _amount(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number from 0, got {text}")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 1, got {text}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, got {text}")
    return value
