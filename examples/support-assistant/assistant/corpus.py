"""The documents and their vectors, as they lie in `data/`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True)
class Document:
    """A few paragraphs of one section; `audience` says whom it is for: `customer`, `partner` or `operator`."""

    id: str
    title: str
    section: str
    url: str
    audience: str
    text: str
    sha256: str
    licence: str


class CorpusError(Exception):
    """The documents, their vectors and the model do not belong together."""


def documents(path: Path = DATA / "documents.jsonl") -> list[Document]:
    """Every document. Raises CorpusError where a text is not the one its digest was taken of."""
    found = [Document(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    changed = [item.id for item in found if hashlib.sha256(item.text.encode()).hexdigest() != item.sha256]
    if changed:
        raise CorpusError(f"{path.name}: the text of {', '.join(changed)} is not what its sha256 says")
    return found


def vectors(known: list[Document], model: str, path: Path = DATA / "vectors.jsonl") -> dict[str, list[float]]:
    """The vector of each known document by its id.

    Raises CorpusError where one is missing, or was made from another text or by another model than `model` (its digest).
    """
    rows = {row["id"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
    wanted = {item.id: item.sha256 for item in known}
    stale = [name for name, sha256 in wanted.items() if name not in rows or (rows[name]["sha256"], rows[name]["model"]) != (sha256, model)]
    gone = sorted(rows.keys() - wanted.keys())
    if stale or gone:
        raise CorpusError(f"{path.name}: make it again with scripts/embed.py, it differs at {', '.join([*stale, *gone])}")
    return {name: rows[name]["vector"] for name in wanted}
