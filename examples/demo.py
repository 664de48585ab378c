"""Takes the two support assistants through the sequence: the proof of concept, and the one that is ready.

Each is made into a git repository of its own below `.demo/`, judged by executing it (an embedded PostgreSQL, real
embeddings, real traces), and the ready one answers the five questions and gets its approver's page. Exit 0 when both
came out as their README says.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from materialise import POC, READY, materialise

WORK = Path(__file__).resolve().parents[1] / ".demo"
STEPS = (
    (POC, ("check",), 1, "a proof of concept that worked in the meeting: what stops it, and what else was seen"),
    (READY, ("check",), 0, "the same assistant made ready: every layer, by execution"),
    (READY, ("questions",), 0, "the five questions, answered from the evidence just made"),
    (READY, ("approve",), 0, "the page for the one who approves, who is no engineer"),
)


def main() -> int:
    """Judges both, and says so where one comes out otherwise."""
    started = time.monotonic()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    for name in (POC, READY):
        materialise(name, WORK / name, datetime.now(UTC))
    surprises = []
    for name, words, code, text in STEPS:
        print(f"\n── readiness {' '.join(words)} {WORK.name}/{name}\n   {text}\n", flush=True)
        done = subprocess.run([sys.executable, "-m", "readiness", *words, str(WORK / name)], check=False)
        if done.returncode != code:
            surprises.append(f"readiness {' '.join(words)} {name}: exit {done.returncode} where {code} was expected")
    print(f"\n{time.monotonic() - started:.0f} s in all. ", end="")
    print("\n".join(surprises) or "Both came out as expected. Now your own: .venv/bin/readiness check PATH")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
