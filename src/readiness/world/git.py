"""git, asked through its own command: what belongs to a repository, which commit it is at, what a revision held."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from readiness.errors import UsageError

_CLEAN = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _git(root: Path, *args: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _CLEAN
    # A repository owned by somebody else is read, never run: no hooks, no file system monitor of its own.
    safe = ["-c", f"safe.directory={root}", "-c", "safe.directory=*", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null"]
    return subprocess.run(["git", *safe, "-C", os.fspath(root), *args], capture_output=True, env=env, check=False, input=given)


def toplevel(path: Path) -> Path | None:
    """The root of the repository `path` lies in; None where there is none, or no git."""
    try:
        found = _git(path, "rev-parse", "--show-toplevel")
    except FileNotFoundError:
        return None
    return Path(os.fsdecode(found.stdout.rstrip(b"\n"))) if found.returncode == 0 else None


def head(root: Path) -> str:
    """The commit checked out, in full; empty before the first commit."""
    found = _git(root, "rev-parse", "--verify", "-q", "HEAD")
    return found.stdout.decode().strip() if found.returncode == 0 else ""


def listed(root: Path) -> list[str]:
    """Paths of tracked files and of untracked ones that are not ignored, relative to `root`, with submodules' own."""
    tracked = _git(root, "ls-files", "-z", "--cached", "--recurse-submodules")
    if tracked.returncode != 0:
        tracked = _git(root, "ls-files", "-z", "--cached")
    others = _git(root, "ls-files", "-z", "--others", "--exclude-standard")
    return [os.fsdecode(name) for name in {*tracked.stdout.split(b"\0"), *others.stdout.split(b"\0")} if name]


def dirty(root: Path, besides: tuple[str, ...] = ()) -> bool:
    """Whether anything tracked or unignored below `root` differs from the commit, but for files of the globs `besides`."""
    left_out = [f":(exclude,glob){glob}" for glob in besides]
    untracked = "--untracked-files=all" if besides else "--untracked-files=normal"
    return bool(_git(root, "status", "--porcelain", untracked, "--", ".", *left_out).stdout.strip())


def submodules_missing(root: Path) -> list[str]:
    """Paths of submodules that are named but not checked out."""
    found = _git(root, "submodule", "status", "--", ".")
    return [os.fsdecode(line[1:].split()[1]) for line in found.stdout.splitlines() if line.startswith(b"-")]


def shallow(root: Path) -> bool:
    """Whether history was cut off when the repository was cloned."""
    return _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"


def place(root: Path, name: str) -> Path | None:
    """Where git keeps a part of the repository (`objects`, `shallow`); None where it does not say."""
    found = _git(root, "rev-parse", "--git-path", name)
    text = os.fsdecode(found.stdout.rstrip(b"\n"))
    return (root / text).absolute() if found.returncode == 0 and text else None


def last_change(root: Path) -> datetime | None:
    """When the newest commit that touches `root` was authored (UTC); None where nothing is known."""
    found = _git(root, "log", "-1", "--format=%at", "--", ".")
    text = found.stdout.strip()
    return datetime.fromtimestamp(int(text), UTC) if found.returncode == 0 and text.isdigit() else None


def authored(root: Path, commit: str) -> datetime | None:
    """When a commit was authored (UTC)."""
    text = _git(root, "show", "-s", "--format=%at", commit).stdout.strip()
    return datetime.fromtimestamp(int(text), UTC) if text.isdigit() else None


def resolve(root: Path, revision: str) -> str:
    """The commit a revision names. Raises UsageError where it names none here."""
    found = _git(root, "rev-parse", "--verify", "-q", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode().strip()
    hint = "this clone is shallow: `git fetch --unshallow` brings the history" if shallow(root) else "`git log --oneline` lists commits"
    raise UsageError(f"no commit `{revision}` in this repository", hint)


def extract(root: Path, commit: str, target: Path) -> None:
    """Writes the files of a commit below `target`. Raises UsageError where git cannot."""
    target.mkdir(parents=True, exist_ok=True)
    archive = _git(root, "archive", "--format=tar", commit)
    unpacked = subprocess.run(["tar", "-x", "-C", os.fspath(target)], input=archive.stdout, capture_output=True, check=False)
    if archive.returncode != 0 or unpacked.returncode != 0:
        raise UsageError(f"the files of `{commit[:12]}` cannot be read: {archive.stderr.decode(errors='replace').strip()}")


def ask(root: Path, *args: str, given: bytes | None = None) -> bytes | None:
    """What a git command that only reads prints; None where it fails, or there is no git. Replaced objects do not count."""
    try:
        found = _git(root, "--no-replace-objects", *args, given=given)
    except FileNotFoundError:
        return None
    return found.stdout if found.returncode == 0 else None
