"""Figures of `secrets scan`: secrets found and decoys left alone over seeds, and the time a history of 10,000 commits takes.

`python -m bench.secrets [SEEDS]`. What is planted is put together when it runs; each seed draws other values.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure
from readiness.runs import secrets
from readiness.testing.projects import commit, make_repository
from tests.layers.security import planted

COMMITS = 10_000
FILES = 400
LIMIT_S = 60.0


def _written(root: Path, cases: list[planted.Case]) -> None:
    for case in cases:
        path = root / case.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case.data)


def found(seeds: int) -> Iterator[Figure]:
    """Recall and precision over everything planted, in files, history, office documents, archives and outputs."""
    planted_count = missed = wrong = told = 0
    for seed in range(seeds):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            root = make_repository(Path(folder) / "shop", {"README.md": "A shop.\n"})
            live = [*planted.current(100 + seed), *planted.packed(200 + seed)]
            gone = [*planted.past(300 + seed), *planted.packed_past(400 + seed)]
            _written(root, gone)
            commit(root, "add")
            for case in gone:
                (root / case.path).unlink()
            commit(root, "remove")
            _written(root, [*live, *planted.decoys(500 + seed), *planted.packed_decoys()])
            commit(root, "go on")
            rows = secrets.scan(root, datetime.now(UTC)).rows
        seen = {row.file for row in rows}
        planted_count += len(live) + len(gone)
        missed += sum(case.path not in seen for case in (*live, *gone))
        wrong += sum(path.startswith("decoy/") for path in seen)
        told += len(seen)
    yield Figure("secrets: recall", missed <= 0.1 * planted_count, f"{planted_count - missed} of {planted_count}, 0.9 asked")
    yield Figure("secrets: precision", wrong <= 0.05 * told, f"{told - wrong} of {told} files told are right, 0.95 asked")


def history() -> Iterator[Figure]:
    """The time a scan of a history takes, and of that what `git log -p` takes by itself."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        root = Path(folder) / "long"
        root.mkdir()
        subprocess.run(["git", "init", "-q", "-b", "main", os.fspath(root)], check=True)
        subprocess.run(["git", "-C", os.fspath(root), "fast-import", "--quiet"], input=_stream(), check=True)
        subprocess.run(["git", "-C", os.fspath(root), "reset", "-q", "--hard"], check=True)
        started = time.monotonic()
        subprocess.run(["git", "-C", os.fspath(root), "log", "-p", "-U0"], stdout=subprocess.DEVNULL, check=True)
        log_s = time.monotonic() - started
        started, before = time.monotonic(), os.times()
        scanned = secrets.scan(root, datetime.now(UTC))
        took, after = time.monotonic() - started, os.times()
        cpu_s = sum(after[:4]) - sum(before[:4])
    assert (scanned.commits, scanned.exit) == (COMMITS, 0), (scanned.commits, scanned.troubles, scanned.rows)
    text = f"{took:.1f} s, {cpu_s:.1f} s of CPU; `git log -p` alone {log_s:.1f} s; {LIMIT_S:g} s asked"
    yield Figure(f"secrets: {COMMITS:,} commits", took < LIMIT_S, text)


def _stream() -> bytes:
    """A history for `git fast-import`: each commit changes a file of code, every twentieth adds a notebook's worth of JSON."""
    chance = random.Random(5)
    contents = [[f"value_{n}_{k} = compute({k}, table={n})" for k in range(60)] for n in range(FILES)]
    out = []
    for number in range(COMMITS):
        which = chance.randrange(FILES)
        lines = contents[which]
        for _ in range(8):
            lines[chance.randrange(len(lines))] = (
                f"value_{which}_{chance.randrange(10**6)} = compute({chance.random():.6f}, key_of={number})"
            )
        if number % 20 == 0:
            lines.append(f'{{"cell": {number}, "output": "{chance.randrange(10**12):x} rows read in {chance.random():.3f} s"}}')
        text = "\n".join(lines).encode()
        out.append(b"commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 1\nx\n" % (1_600_000_000 + number * 600))
        out.append(b"M 100644 inline src/part%d.py\ndata %d\n%s\n" % (which, len(text), text))
    return b"".join(out)


def main(seeds: int) -> int:
    """Prints one line a figure; exit 1 where one is missed."""
    missed = 0
    for figure in (*found(seeds), *history()):
        missed += not figure.met
        print(f"{'ok  ' if figure.met else 'MISS'} {figure.name:<30} {figure.text}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
