"""How many pages of a system's index and table its queries touch, as PostgreSQL counts them."""
from __future__ import annotations

import time
from typing import Sequence

from .server import Server
from .systems import INDEX, System

COUNTERS = ("index_read", "index_hit", "table_read", "table_hit")  # read: not in shared_buffers before

COUNTS = """
SELECT i.idx_blks_read, i.idx_blks_hit,
       t.heap_blks_read + coalesce(t.toast_blks_read, 0) + coalesce(t.tidx_blks_read, 0),
       t.heap_blks_hit + coalesce(t.toast_blks_hit, 0) + coalesce(t.tidx_blks_hit, 0)
  FROM pg_statio_all_indexes i JOIN pg_statio_all_tables t USING (relid)
 WHERE i.indexrelid = %s::regclass"""

OTHERS = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def counts(server: Server, system: System) -> Sequence[int]:
    """The counters, once all other sessions of the system's database have ended and left what they counted."""
    with server.connect(system.database) as connection:
        while connection.execute(OTHERS).fetchone():
            time.sleep(0.01)
        if connection.info.server_version < 150000:
            time.sleep(1)  # until the statistics collector has written them
        return connection.execute(COUNTS, (INDEX,)).fetchone()


def per_query(before: Sequence[int], after: Sequence[int], queries: int) -> dict:
    return {name: (b - a) / queries for name, a, b in zip(COUNTERS, before, after)}
