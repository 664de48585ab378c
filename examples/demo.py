"""Runs the real sequence on two small projects beside this file and prints both verdicts.

Exit 0 when both came out as their README says: `drifted` does not hold layer 1, `faq` does.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
EXPECTED = {
    "drifted": (1, "all direct dependencies pinned, and it does not start"),
    "faq": (0, "pinned, tested, recreated elsewhere: it holds layer 1"),
}


def main() -> int:
    """Judges both, and says so where one comes out otherwise."""
    surprises = []
    for name, (code, text) in EXPECTED.items():
        print(f"\n── examples/{name}: {text}\n", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "readiness", "check", "--layer", "infrastructure", str(HERE / name)], check=False
        )
        if done.returncode != code:
            surprises.append(f"examples/{name}: exit {done.returncode} where {code} was expected")
    print()
    print("\n".join(surprises) or "Both came out as expected. Now your own: .venv/bin/readiness check PATH")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
