"""`check --since REV`: judge a revision as well, and say only what got worse from there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from readiness.config.manifest import NAME, Demo
from readiness.errors import UsageError
from readiness.runs import check
from readiness.sequence.finding import Finding, Outcome
from readiness.sequence.ratchet import Worse, settled, unjudged, worsened
from readiness.sequence.verdict import Verdict
from readiness.world import files, git
from readiness.world import project as projects


@dataclass(frozen=True, slots=True)
class Comparison:
    """Today's verdict beside that of a revision; `worse` is what the command fails on, `seen` what only came into sight."""

    judged: check.Judged
    commit: str
    before: check.Judged | None
    worse: tuple[Worse, ...]
    seen: tuple[Worse, ...] = ()


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
        if not old_root.is_dir() or not any(files.walk(old_root)):
            return Comparison(judged, commit, None, tuple(_all_failing(judged)))
        quiet = replace(watcher, seen=lambda _: None, found=lambda _: None)
        origin = projects.Origin(judged.project.root, judged.project.id, git.authored(toplevel, commit), toplevel, commit)
        before = check.check(old_root, options, quiet, origin=origin)
        open_ones = unjudged(before.verdict, judged.verdict)
        then, brought = _then(judged, old_root, open_ones, quiet, origin)
        worse, seen = _settled(judged, open_ones, then, _Files(judged.project.root, old_root, brought))
    together = {item.check: item for item in (*worsened(before.verdict, judged.verdict), *worse)}
    order = list(_findings(judged.verdict))
    return Comparison(judged, commit, before, tuple(sorted(together.values(), key=lambda item: order.index(item.check))), tuple(seen))


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of today and of then; `brought` are those of today's that were put beside those of then."""

    now: Path
    then: Path
    brought: tuple[str, ...]

    def changed(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the paths whose content is another one today, or that were not there; the manifest only declares."""
        return frozenset(
            path for path in paths if path != NAME and (path in self.brought or _read(self.now / path) != _read(self.then / path))
        )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
    except OSError:
        return None


def _then(
    judged: check.Judged, old_root: Path, open_ones: tuple[Worse, ...], watcher: check.Watcher, origin: projects.Origin
) -> tuple[dict[str, Finding], tuple[str, ...]]:
    """What today's manifest finds in the files of then, and which files of its demo had to be brought there.

    Nothing where the manifest is the same, or nothing hangs on it.
    """
    root = judged.project.root
    if not open_ones or _read(root / NAME) == _read(old_root / NAME):
        return {}, ()
    brought = tuple(path for path in _of_demo(judged.manifest.demo) if _read(root / path) is not None and not (old_root / path).exists())
    (old_root / NAME).unlink(missing_ok=True)
    for path in (*([NAME] if judged.manifest.path else []), *brought):
        (old_root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, old_root / path)
    options = check.Options(only=tuple(item.check for item in open_ones))
    found = check.check(old_root, options, watcher, origin=origin)
    return _findings(found.verdict), brought


def _of_demo(demo: Demo | None) -> tuple[str, ...]:
    """The files a demo names as what is run."""
    if demo is None:
        return ()
    words = (*demo.command, *(demo.server.argv if demo.server else ()), *([demo.notebook] if demo.notebook else []))
    return tuple(word for word in words if word.endswith((".py", ".sh", ".ipynb")) and not word.startswith(("/", "..")))


def _settled(
    judged: check.Judged, open_ones: tuple[Worse, ...], then: dict[str, Finding], paths: _Files
) -> tuple[list[Worse], list[Worse]]:
    """What is worse, and what is only newly seen, of the checks that could not be judged then."""
    today = _findings(judged.verdict)
    worse, seen = [], []
    for item in open_ones:
        finding = today[item.check]
        changed = paths.changed(problem.location.file for problem in finding.problems if problem.location is not None)
        old = then.get(item.check)
        if old is not None:  # what lies in a file that was brought there is not of then
            old = replace(old, problems=tuple(p for p in old.problems if p.location is None or p.location.file not in paths.brought))
        found = settled(item, finding, old, changed)
        if found is not None:
            worse.append(found)
        else:
            seen.append(item)
    return worse, seen


def _findings(verdict: Verdict) -> dict[str, Finding]:
    return {item.spec.id: item.finding for layer in verdict.layers for item in layer.checks}


def _all_failing(judged: check.Judged) -> list[Worse]:
    return [
        Worse(item.spec.id, Outcome.UNKNOWN, item.finding.outcome, tuple(problem.subject for problem in item.finding.problems))
        for layer in judged.verdict.layers
        for item in layer.checks
        if item.required and item.finding.outcome is Outcome.FAILS
    ]
