"""The documents in PostgreSQL, found by pgvector, each reader seeing only what row level security lets through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import psycopg
from psycopg import sql

from assistant.answers import Passage
from assistant.corpus import Document

HERE = Path(__file__).parent
MIGRATIONS = HERE.parent / "migrations"
"""Each is harmless where it was applied before; its `.down.sql` undoes it."""


class Store:
    """One database. Every call is a transaction of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def load(self, documents: Sequence[Document], vectors: Mapping[str, Sequence[float]], model: str) -> int:
        """Puts exactly these documents in place of what is there, all or nothing; returns how many it put."""
        with psycopg.connect(self._url) as connection:
            for step in sorted(MIGRATIONS.glob("*.up.sql")):
                connection.execute(step.read_bytes())
            connection.execute("set local role assistant_loader")
            connection.execute("delete from document")
            rows = [asdict(item) | {"model": model, "embedding": text_of(vectors[item.id])} for item in documents]
            cursor = connection.cursor()
            cursor.executemany((HERE / "insert.sql").read_text(encoding="utf-8"), rows)
            return cursor.rowcount

    def nearest(self, question: np.ndarray, reader: str, limit: int) -> list[Passage]:
        """The documents nearest to a question among those that `reader` may read, nearest first.

        The index does not know who may read what: it goes on until there are enough, so that readers of little find it too.
        Raises psycopg.Error for a reader that has no role.
        """
        with psycopg.connect(self._url) as connection:
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(f"assistant_{reader}")))
            connection.execute("set local hnsw.iterative_scan = strict_order")
            asked = {"question": text_of(question), "limit": limit}
            return [Passage(*row) for row in connection.execute((HERE / "nearest.sql").read_text(encoding="utf-8"), asked)]


def text_of(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(repr(float(number)) for number in vector) + "]"
