"""Fills the table, and asks for what is nearest as the smallest tenant."""

from pathlib import Path

import pg

NEAREST = """
set local desk.tenant = 'small';
set local hnsw.iterative_scan = strict_order;
select id from chunk order by embedding <-> '[0.1, 0.4, -0.2, 0.9, 0, 0.3, -0.7, 0.5]' limit 3;
"""

pg.run(Path("schema.sql").read_text())
print(len(pg.run(NEAREST)))
