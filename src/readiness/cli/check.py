"""`readiness check`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.sequence.layers import ORDER, Layer

if TYPE_CHECKING:
    from readiness.formats.reported import Reported
    from readiness.layers.infrastructure.facts import Fact
    from readiness.runs.check import Judged, Options, Watcher
    from readiness.runs.since import Comparison
    from readiness.sequence.finding import Finding

FORMATS = ("text", "json", "sarif", "junit", "github")


def parser() -> argparse.ArgumentParser:
    """The command line of `check`."""
    found = argparse.ArgumentParser("readiness check", description="Judge a project by execution, in the order of the sequence.")
    found.add_argument("path", nargs="?", type=Path, default=Path(), help="folder of the project (default: here)")
    found.add_argument("--project", type=Path, metavar="PATH", help="judge this project of a repository that holds several")
    found.add_argument("--plan", action="store_true", help="say what would run, be written and be downloaded, and run nothing")
    found.add_argument("--since", metavar="REV", help="judge that revision too, and fail only on what got worse")
    found.add_argument("--format", choices=FORMATS, default="text", help="what standard output gets (default: text)")
    found.add_argument("--layer", choices=[layer.value for layer in ORDER], help="judge up to this layer only")
    found.add_argument("--only", action="append", default=[], metavar="CHECK", help="run only this check; may be repeated")
    found.add_argument("--all", action="store_true", help="run advisory checks that take long, too")
    found.add_argument("--again", action="store_true", help="execute again what evidence already answers")
    return found


def run(argv: list[str]) -> int:
    """Runs the command and returns its exit code: the worst of the projects judged."""
    given = parser().parse_args(argv)
    from readiness.runs import check

    inside = given.path / given.project if given.project is not None else given.path
    roots = check.locate(inside if given.project is None or inside.is_dir() else given.project)
    options = check.Options(
        upto=Layer(given.layer) if given.layer else Layer.MEASUREMENT, only=tuple(given.only), everything=given.all, again=given.again
    )
    if given.plan:
        return _plan(roots, options)
    if given.since:
        return _since(roots, given.since, options, given.format, given.path)
    judged = [check.check(folder, options, _watcher(given.format)) for folder in roots]
    _print([(item, None) for item in judged], given.format, given.path)
    return _worst([item.verdict.exit_code for item in judged])


def _plan(roots: list[Path], options: Options) -> int:
    from readiness.cli import plan_text
    from readiness.runs import plan

    print("\n\n".join(plan_text.render(plan.plan(folder, options)) for folder in roots))
    return 0


def _since(roots: list[Path], revision: str, options: Options, kind: str, asked: Path) -> int:
    from readiness.runs import since

    found = [since.compare(folder, revision, options, _watcher(kind)) for folder in roots]
    _print([(item.judged, item) for item in found], kind, asked)
    if kind == "text":
        from readiness.cli import text

        print("\n".join(text.worse(item, revision) for item in found))
    return 1 if any(item.worse for item in found) else 0


def _watcher(kind: str) -> Watcher:
    from readiness.cli import progress
    from readiness.runs import check

    if kind == "text":
        return check.Watcher(seen=_show_facts, found=_show_finding, progress=progress.line)
    return check.Watcher(progress=progress.line)


def _show_facts(facts: tuple[Fact, ...]) -> None:
    for fact in facts:
        place = f" ({fact.location.file}:{fact.location.line})" if fact.location else ""
        print(f"  observed  {fact.text}{place}".encode("utf-8", "replace").decode(), file=sys.stderr)


def _show_finding(finding: Finding) -> None:
    from readiness.cli.text import MARKS

    if sys.stderr.isatty():
        print(f"  {MARKS[finding.outcome]} {finding.check.partition('.')[2]}  {finding.observed or finding.reason}", file=sys.stderr)


def _print(judged: list[tuple[Judged, Comparison | None]], kind: str, asked: Path) -> None:
    if kind == "text":
        from readiness.cli import text

        print("\n\n".join(text.render(item, colour=text.coloured(), asked=asked) for item, _ in judged))
        return
    print(_emitted([_reported(item, compared) for item, compared in judged], kind))


def _reported(judged: Judged, compared: Comparison | None) -> Reported:
    from readiness.formats.reported import Reported

    if compared is None:
        return Reported(judged.header, judged.verdict)
    worse, seen = (frozenset(item.check for item in items) for items in (compared.worse, compared.seen))
    return Reported(judged.header, judged.verdict, worse, seen)


def _emitted(reports: list[Reported], kind: str) -> str:
    from readiness import __version__
    from readiness.formats import github, junit, sarif, verdicts

    if kind == "sarif":
        return sarif.render(reports, __version__)
    if kind == "junit":
        return junit.render(reports)
    if kind == "github":
        return github.render(reports)
    return verdicts.render([verdicts.of(item.header, item.verdict, item.worse, item.seen) for item in reports])


def _worst(codes: list[int]) -> int:
    return next((code for code in (1, 3) if code in codes), 0)
