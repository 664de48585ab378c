"""What a run writes: the files its outputs name, and its metrics. A file that was there before and was left is none of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from readiness.config.manifest import Demo
from readiness.errors import InputError
from readiness.formats import globs
from readiness.formats import metrics as numbers
from readiness.layers.infrastructure.evidence import Output
from readiness.sequence.evidence import Digest
from readiness.world import digests, files


@dataclass(frozen=True, slots=True)
class Outputs:
    """Globs of outputs, relative to `root` or absolute; `metrics_file` is one of them, `stale` what was there before."""

    root: Path
    patterns: tuple[str, ...]
    metrics_file: str
    stale: Mapping[str, digests.State]

    @classmethod
    def of(cls, root: Path, demo: Demo | None, asked: tuple[str, ...], metrics: str) -> Outputs:
        """Those of the demo and those asked for; looks at what is there before the command runs."""
        metrics_file = (metrics or (demo.metrics if demo else "")).removeprefix("./")
        named = (*(demo.outputs if demo else ()), *asked, *([metrics_file] if metrics_file else []))
        patterns = tuple(dict.fromkeys(name.removeprefix("./") for name in named))
        return cls(root, patterns, metrics_file, {name: digests.state_of(path.stat()) for name, path in _matching(root, patterns).items()})

    def names(self, path: str) -> bool:
        """Whether a file of the project is one of the outputs."""
        return any(globs.pattern(pattern).fullmatch(path) for pattern in self.patterns)

    def written(self) -> tuple[dict[str, Output], list[str]]:
        """Digest and size of every output that the run wrote, and a note on each that was named and not written."""
        found: dict[str, Output] = {}
        notes: list[str] = []
        matched = _matching(self.root, self.patterns)
        for name, path in matched.items():
            try:
                state = path.stat()
                if digests.state_of(state) != self.stale.get(name):
                    found[name] = Output(Digest(f"sha256:{_streamed(path)}"), state.st_size)
            except OSError as error:
                notes.append(f"output {name} cannot be read: {error.strerror}")
        unwritten = [pattern for pattern in self.patterns if not any(globs.pattern(pattern).fullmatch(name) for name in found)]
        return found, [*notes, *(self._unwritten(pattern) for pattern in unwritten)]

    def _unwritten(self, pattern: str) -> str:
        if _is_wild(pattern):
            return f"nothing this run wrote is named by {pattern}"
        if (self.root / pattern).is_dir():
            return f"output {pattern} is a folder: name the files in it, as {pattern.rstrip('/')}/**"
        left = "it was there before, and left as it was" if (self.root / pattern).exists() else "it is not there"
        return f"output {pattern} was not written: {left}"

    def metrics(self, written: Mapping[str, Output]) -> tuple[dict[str, float], list[str]]:
        """The metrics the run wrote, and why there are none where they cannot be read."""
        if self.metrics_file not in written:
            return {}, []  # that it was not written is said of it as an output
        try:
            text = (self.root / self.metrics_file).read_text(encoding="utf-8")
            return numbers.parse(text, self.metrics_file), []
        except InputError as error:
            return {}, [f"no metrics: {problem}" for problem in error.problems]
        except (OSError, UnicodeDecodeError) as error:
            return {}, [f"no metrics: {self.metrics_file} cannot be read: {error}"]


def _is_wild(pattern: str) -> bool:
    return any(char in pattern for char in "*?")


def _streamed(path: Path) -> str:
    import hashlib

    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _matching(root: Path, patterns: tuple[str, ...]) -> dict[str, Path]:
    """Files that are there now, by the name they are recorded under: relative to the project, absolute outside of it."""
    found = {pattern: root / pattern for pattern in patterns if not _is_wild(pattern) and os.path.isfile(root / pattern)}  # noqa: PTH113
    wild = [globs.pattern(pattern) for pattern in patterns if _is_wild(pattern)]
    if wild:
        for entry in files.walk(root):
            if any(item.fullmatch(entry.path) for item in wild) and (root / entry.path).is_file():
                found[entry.path] = root / entry.path
    return dict(sorted(found.items()))
