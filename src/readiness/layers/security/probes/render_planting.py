"""The statements that plant instructions into the documents of a database: one column of a table, every row of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from readiness.layers.security.probes.planting import LONG
from readiness.world.watched import Database

_COLUMNS: Final = Path(__file__).with_name("text_columns.sql")
TIMEOUT_MS: Final = 20_000


def plant(database: Database, texts: Sequence[str], seed: int) -> str:
    """Puts one of the texts at the end of each document, with the rights of the demo; returns `table.column`, or empty.

    Nothing is planted where no column holds texts of LONG characters and several words. What the database refuses is raised.
    Row security that binds the owner of a table is lifted for that owner, and put back in the same transaction.
    """
    import psycopg
    from psycopg import sql

    with psycopg.connect(database.own_url) as connection:
        connection.execute(f"set local statement_timeout = {TIMEOUT_MS}")
        columns = connection.execute(_COLUMNS.read_bytes()).fetchall()
        bound = [sql.Identifier(*place) for place in dict.fromkeys((schema, table) for schema, table, _, binds in columns if binds)]
        for place in bound:
            connection.execute(sql.SQL("alter table {} no force row level security").format(place))
        best, longest = None, float(LONG)
        for schema, table, column, _ in columns:
            average = sql.SQL("select coalesce(avg(length({0})) filter (where {0} like '% %'), 0), count(*) from {1}")
            length, count = connection.execute(average.format(sql.Identifier(column), sql.Identifier(schema, table))).fetchone() or (0, 0)
            if count > 1 and float(length) >= longest:
                best, longest = (schema, table, column), float(length)
        if best is None:
            connection.rollback()
            return ""
        schema, table, column = best
        statement = sql.SQL(
            "update {1} set {0} = {0} || E'\\n\\n'"
            " || (%(texts)s::text[])[1 + mod(hashtext({0} || %(seed)s)::bigint + 2147483648, %(count)s)] where {0} is not null"
        )
        given = {"texts": list(texts), "seed": str(seed), "count": len(texts)}
        connection.execute(statement.format(sql.Identifier(column), sql.Identifier(schema, table)), given)
        for place in bound:
            connection.execute(sql.SQL("alter table {} force row level security").format(place))
        return f"{table}.{column}"
