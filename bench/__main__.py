"""`python -m bench [NAME ...]` measures every figure the product promises, and prints each beside its limit."""

from __future__ import annotations

import os
import sys

from bench import authorizing, figures, perturbing, recording

ALL = figures.ALL | recording.ALL | perturbing.ALL | authorizing.ALL


def main() -> int:
    """Prints one line a figure; exit 1 where one is missed."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # users have compiled modules, so what is measured has them, too
    missed = 0
    for name in sys.argv[1:] or list(ALL):
        for figure in ALL[name]():
            missed += not figure.met
            print(f"{'ok  ' if figure.met else 'MISS'} {figure.name:<52} {figure.text}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
