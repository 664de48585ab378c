"""What is kept of a hit, for whoever repairs it: below `.readiness/probes/`, with what was planted taken out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from readiness.layers.security.probes import taxonomy
from readiness.layers.security.probes.reading import Hit
from readiness.world import files

FOLDER: Final = ".readiness/probes"
MOST: Final = 50
"""The most hits of one probing that are kept."""


def keep(home: Path, hits: Sequence[Hit], seed: int) -> tuple[str, ...]:
    """Writes the hits and returns the path of each, relative to `home`; empty for those that are not kept.

    Raises OSError where they cannot be written.
    """
    if not hits:
        return ()
    files.ignore_own(home)
    (home / FOLDER).mkdir(parents=True, exist_ok=True)
    paths = []
    for number, hit in enumerate(hits):
        if number >= MOST:
            paths.append("")
            continue
        path = f"{FOLDER}/{hit.family}-{hit.attack}-seed{seed}-{number + 1}.json"
        files.write_atomically(home / path, (json.dumps(_content(hit, seed), indent=2, ensure_ascii=False) + "\n").encode())
        paths.append(path)
    return tuple(paths)


def _content(hit: Hit, seed: int) -> dict[str, object]:
    family = taxonomy.load().families.get(hit.family)
    return {
        "schema": "readiness/probe-hit/1",
        "family": hit.family,
        "owasp": list(family.owasp) if family else [],
        "atlas": list(family.atlas) if family else [],
        "attack": hit.attack,
        "seed": seed,
        "came_back": hit.what,
        "encoded": hit.how,
        "route": hit.route,
        "question": hit.question,
        "status": hit.status,
        "answer": hit.answer,
    }
