"""One recorded run as text for a terminal."""

from __future__ import annotations

import math
import shlex
from typing import Final

from readiness.layers.infrastructure.evidence import Run, Snapshot
from readiness.sequence.wording import counted

_MOST: Final = 20
_NOTHING: Final = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The digest of a factor without files."""


def lines(run: Run) -> list[str]:
    """The run: what was executed, its factors, its outputs and metrics, the environment, what could not be recorded."""
    at = f"{run.commit[:12]}{', with changes' if run.dirty else ''}" if run.commit else "none"
    return [
        f"{run.id}",
        f"  command   {shlex.join(run.command)}",
        f"  started   {run.started:%Y-%m-%d %H:%M:%S} UTC, {run.elapsed_s:.1f} s, exit {run.exit_code}",
        f"  commit    {at}",
        *([f"  seed      {run.seed}"] if run.seed else []),
        "  factors",
        *(f"    {factor.value:<15} {'no file' if digest == _NOTHING else digest[:23]}" for factor, digest in run.factors.items()),
        *_section("outputs", [f"{path}  {size(output.size_bytes)}  {output.digest[:23]}" for path, output in run.outputs.items()]),
        *_section("metrics", [f"{name}  {number(value)}" for name, value in run.metrics.items()]),
        "  environment",
        *(f"    {line}" for line in environment(run.snapshot)),
        *_section("not recorded", list(run.notes)),
    ]


def _section(title: str, rows: list[str]) -> list[str]:
    more = [f"    and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return [f"  {title}", *(f"    {row}" for row in rows[:_MOST]), *more] if rows else []


def environment(snapshot: Snapshot) -> list[str]:
    """The environment in a line a part; a part that could not be seen says why."""
    installed = counted(len(snapshot.packages), "package")
    seen = {
        "interpreter": " ".join(snapshot.interpreter[key] for key in ("implementation", "version") if key in snapshot.interpreter),
        "packages": f"{installed}, {snapshot.verified_files} files verified, {len(snapshot.altered)} altered",
        "locked": f"{counted(len(snapshot.locked), 'version')} in {', '.join(snapshot.locks)}",
        "system": ", ".join(snapshot.system[key] for key in ("distribution", "kernel", "libc") if key in snapshot.system),
        "system_packages": counted(len(snapshot.system_packages), "package"),
        "cpu": f"{snapshot.cpu.get('model', '')}, {counted(len(snapshot.cpu.get('flags', '').split()), 'flag')}",
        "blas": snapshot.blas.get("blas", ""),
        "images": counted(len(snapshot.images), "image"),
        "resources": counted(len(snapshot.resources), "resource"),
        "variables": f"{counted(len(snapshot.variables), 'variable')}, their values keyed",
    }
    named = {
        name.replace("_", " "): f"not seen: {snapshot.absent[name]}" if name in snapshot.absent else text for name, text in seen.items()
    }
    return [f"{name:<15} {text}" for name, text in named.items()]


def number(value: float) -> str:
    """A metric as people read it; what is no number is said in words."""
    if math.isnan(value):
        return "not a number (NaN)"
    return f"{'minus ' if value < 0 else ''}infinity" if math.isinf(value) else f"{value:.6g}"


def size(size_bytes: int) -> str:
    """A size as people read it."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes} B"
