"""Roots of other operating systems for R3: a folder the user names, or one that mmdebstrap makes where it was asked to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from packaging.version import Version

from readiness.errors import CannotJudge, UsageError
from readiness.world import files
from readiness.world.interpreters import Interpreter
from readiness.world.sandbox import Sandbox
from readiness.world.session import Progress

SUITES: Final = {"3.9": "bullseye", "3.11": "bookworm", "3.13": "trixie"}
"""Releases of Debian by the Python they bring."""
MAKING_S: Final = 900


def folder() -> Path:
    """Where roots that were made are kept: they outlive a run, since making one takes minutes."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "readiness/roots"


def named_root(given: Path) -> Path:
    """The folder a user names as a root. Raises UsageError where it is none, or the root of this system."""
    root = given.resolve()
    if root == Path("/"):
        raise UsageError("--root / is this system, not another one", "name the folder of another system's root")
    if not (root / "usr/bin").is_dir():
        raise UsageError(f"{given} is no root of an operating system: it has no usr/bin", "make one: --make-root, or mmdebstrap")
    return root


def chosen(given: Path | None, *, make: bool, minor: str, progress: Progress) -> Path:
    """The root to use. Raises CannotJudge where there is none, UsageError where the one named is none."""
    if given is not None:
        return named_root(given)
    suite = SUITES.get(minor)
    kept = folder() / f"debian-{suite}"
    if not make:
        raise CannotJudge("needs the root of another operating system: --root DIR, or --make-root")
    if suite is None:
        raise CannotJudge(f"no release of Debian brings Python {minor}; give a root that does with --root")
    return kept if (kept / "usr/bin").is_dir() else _made(suite, kept, progress)


def command(suite: str, target: Path) -> list[str]:
    """How a root is made: Debian's essential packages, with Python and certificates."""
    return ["mmdebstrap", "--variant=minbase", "--include=python3,ca-certificates", suite, str(target)]


def needed_tools() -> None:
    """Raises CannotJudge naming what is missing to make a root. To run in one takes nothing but namespaces."""
    if shutil.which("mmdebstrap") is None:
        raise CannotJudge("needs mmdebstrap, which is not installed")


def _made(suite: str, target: Path, progress: Progress) -> Path:
    needed_tools()
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        with progress(f"making a root of Debian {suite}"):
            done = subprocess.run(command(suite, partial), capture_output=True, text=True, timeout=MAKING_S, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise CannotJudge(f"mmdebstrap made no root: {lines[-1][:200] if lines else f'exit {done.returncode}'}")
        partial.chmod(0o755)
        partial.rename(target)
    except subprocess.TimeoutExpired:
        raise CannotJudge(f"mmdebstrap was still running after {MAKING_S} s") from None
    finally:
        if partial.exists():
            files.remove_tree(partial)
    return target


def interpreter(sandbox: Sandbox, root: Path, minor: str) -> Interpreter:
    """The Python of that version in a root, started there. Raises CannotJudge where it has none that runs."""
    places = [f"/{place}/python{minor}" for place in ("usr/bin", "usr/local/bin")]
    for place in places:
        if os.path.lexists(f"{root}{place}"):
            code = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
            ran = sandbox.run([place, "-I", "-S", "-c", code], cwd=sandbox.root, timeout_s=60)
            if ran.ok and re.fullmatch(r"\d+\.\d+\.\d+", ran.stdout.strip()):
                return Interpreter(Path(place), Version(ran.stdout.strip()))
            raise CannotJudge(f"{place} of {root} does not run: {ran.said.splitlines()[-1][:200] if ran.said else 'it says nothing'}")
    raise CannotJudge(f"{root} has no Python {minor}, and another one would be another experiment")


def named(root: Path) -> str:
    """What the system in a root calls itself."""
    try:
        text = (root / "etc/os-release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return str(root)
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', text, re.MULTILINE)
    return found[1] if found else str(root)
