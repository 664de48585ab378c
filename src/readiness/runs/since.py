"""`check --since REV`: judge a revision as well, and say only what got worse from there."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from readiness.errors import UsageError
from readiness.runs import check
from readiness.sequence.ratchet import Worse, worsened
from readiness.world import files, git
from readiness.world import project as projects


@dataclass(frozen=True, slots=True)
class Comparison:
    """Today's verdict beside that of a revision; `worse` is what the command fails on."""

    judged: check.Judged
    commit: str
    before: check.Judged | None
    worse: tuple[Worse, ...]


def compare(root: Path, revision: str, options: check.Options, watcher: check.Watcher) -> Comparison:
    """Judges the project as it is and as it was. Raises UsageError where the revision names nothing here.

    A project that did not exist then is compared with one of which nothing was known, so only what fails is worse.
    """
    toplevel = git.toplevel(root)
    if toplevel is None:
        raise UsageError(f"{root} is not a git repository, so it has no `{revision}`", "leave out --since")
    commit = git.resolve(toplevel, revision)
    judged = check.check(root, options, watcher)
    with tempfile.TemporaryDirectory(prefix="readiness-since-") as folder:
        base = Path(folder) / toplevel.name
        git.extract(toplevel, commit, base)
        old_root = base / root.relative_to(toplevel)
        before = None
        if old_root.is_dir() and any(files.walk(old_root)):
            quiet = replace(watcher, seen=lambda _: None, found=lambda _: None)
            origin = projects.Origin(judged.project.root, judged.project.id, git.authored(toplevel, commit), toplevel, commit)
            before = check.check(old_root, options, quiet, origin=origin)
    if before is None:
        return Comparison(judged, commit, None, tuple(item for item in _all_failing(judged)))
    return Comparison(judged, commit, before, worsened(before.verdict, judged.verdict))


def _all_failing(judged: check.Judged) -> list[Worse]:
    from readiness.sequence.finding import Outcome

    return [
        Worse(item.spec.id, Outcome.UNKNOWN, item.finding.outcome, tuple(problem.subject for problem in item.finding.problems))
        for layer in judged.verdict.layers
        for item in layer.checks
        if item.required and item.finding.outcome is Outcome.FAILS
    ]
