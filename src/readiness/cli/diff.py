"""`readiness diff`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from readiness.cli import folder
from readiness.errors import EXIT_FAILS, EXIT_HOLDS, EXIT_UNKNOWN
from readiness.sequence.wording import counted

if TYPE_CHECKING:
    from readiness.layers.infrastructure.diff.change import Change, Uncompared
    from readiness.runs.diff import Compared, Named

_MOST: Final = 30
_SIDE: Final = "a run, a commit, branch or tag, a folder, a snapshot or CycloneDX file, or `now`"


def parser() -> argparse.ArgumentParser:
    """The command line of `diff`."""
    found = argparse.ArgumentParser(
        "readiness diff",
        description="Say what changed between two states of a project, by factor, the most consequential first.",
        epilog="exit codes: 0 the same, 1 different, 2 misuse, 3 nothing differs, but not everything could be compared",
    )
    found.add_argument("one", metavar="A", help=_SIDE)
    found.add_argument("two", metavar="B", nargs="?", default="now", help="the same (default: now)")
    found.add_argument("--all", action="store_true", help=f"show every change, also beyond {_MOST} of a factor")
    found.add_argument("--format", choices=("text", "json"), default="text", help="what standard output gets (default: text)")
    folder.option(found)
    return found


def run(argv: list[str]) -> int:
    """Compares A with B; returns 0 where they are the same, 1 where not, 3 where it could not be told."""
    given = parser().parse_args(argv)
    root = folder.of(given.project)
    from readiness.cli import progress
    from readiness.runs import diff

    with progress.line("comparing"):
        found = diff.diff(root, given.one, given.two)
    text = _json(found) if given.format == "json" else "\n".join(line.rstrip() for line in _lines(found, most=None if given.all else _MOST))
    print(text.encode("utf-8", "replace").decode())
    difference = found.difference
    return EXIT_FAILS if difference.changes else EXIT_HOLDS if difference.same else EXIT_UNKNOWN


def _lines(found: Compared, most: int | None) -> list[str]:
    from readiness.layers.infrastructure.diff.change import ORDER

    lines = [f"readiness diff · {found.project}", f"  A  {_side(found.one)}", f"  B  {_side(found.two)}"]
    counts = []
    for factor in (*ORDER, None):
        changes = found.difference.of(factor)
        if changes:
            name = factor.value if factor else "results"
            counts.append(f"{len(changes)} in {name}")
            lines += ["", name, *_listed(changes, most)]
    if found.difference.uncompared:
        lines += ["", "not compared", *_unseen(found.difference.uncompared)]
    if found.difference.notes:
        lines += ["", "beside the lock", *(f"  {note}" for note in found.difference.notes)]
    return [*lines, "", _summary(found, counts)]


def _side(named: Named) -> str:
    return f"{named.given} ({named.kind}: {named.detail})" if named.kind != "now" else f"{named.given} ({named.detail})"


def _listed(changes: tuple[Change, ...], most: int | None) -> list[str]:
    shown = changes if most is None else changes[:most]
    more = [f"  and {len(changes) - len(shown)} more (--all shows them)"] if len(shown) < len(changes) else []
    return [*(f"  {change.text}" for change in shown), *more]


def _unseen(items: tuple[Uncompared, ...]) -> list[str]:
    """What was not compared, a line for each reason."""
    by_why: dict[tuple[str, bool], list[str]] = {}
    for item in items:
        by_why.setdefault((item.why, item.may_differ), []).append(item.what)
    return [
        f"  {', '.join(whats[:6])}{f' and {len(whats) - 6} more' if len(whats) > 6 else ''}: {why}{' (may differ)' if may_differ else ''}"
        for (why, may_differ), whats in by_why.items()
    ]


def _summary(found: Compared, counts: list[str]) -> str:
    difference = found.difference
    if not difference.changes:
        return "No difference." if difference.same else "No difference in what could be compared."
    results = difference.of(None)
    text = f"{counted(len(difference.changes), 'change')}: {', '.join(counts)}."
    if len(results) == len(difference.changes) and any(change.place.startswith(("output", "metric")) for change in results):
        return f"{text} No factor that was compared changed: what is left is chance, or what was not compared."
    return text


def _json(found: Compared) -> str:
    import json

    from readiness.layers.infrastructure.diff.change import ORDER

    difference = found.difference
    told = {
        "schema": "readiness/diff/1",
        "project": found.project,
        "a": _named(found.one),
        "b": _named(found.two),
        "outcome": "different" if difference.changes else "same" if difference.same else "unknown",
        "factors": {factor.value: [_change(change) for change in difference.of(factor)] for factor in ORDER},
        "results": [_change(change) for change in difference.of(None)],
        "not_compared": [{"what": item.what, "why": item.why, "may_differ": item.may_differ} for item in difference.uncompared],
        "notes": list(difference.notes),
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _named(named: Named) -> dict[str, Any]:
    return {"given": named.given, "kind": named.kind, "detail": named.detail}


def _change(change: Change) -> dict[str, Any]:
    return {"kind": change.kind, "place": change.place, "name": change.name or None, "before": change.before, "after": change.after}
