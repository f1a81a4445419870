#!/usr/bin/env python3
"""Prints statements for a single-user backend, one a line: python3 queries.py COUNT

COUNT searches, inserts, updates and deletes on hnsw indexes of every type and metric, with VACUUM, REINDEX, errors and
transactions that roll back among them, from a fixed seed. The backend's memory is asked for, as `memory`, once when all
has been done a few times, and again in the end.
"""

import random
import sys

DIMENSIONS = 24
ROWS = 300
METRICS = {
    "vector": {"l2": "<->", "ip": "<#>", "cosine": "<=>", "l1": "<+>"},
    "halfvec": {"l2": "<->", "ip": "<#>", "cosine": "<=>", "l1": "<+>"},
    "sparsevec": {"l2": "<->", "ip": "<#>", "cosine": "<=>", "l1": "<+>"},
    "bit": {"hamming": "<~>", "jaccard": "<%>"},
}
MEMORY = "SELECT sum(used_bytes) AS memory FROM pg_backend_memory_contexts"


def value(kind, rng):
    if kind == "bit":
        return "B'" + "".join(rng.choice("01") for _ in range(DIMENSIONS)) + "'"
    if kind == "sparsevec":
        places = sorted(rng.sample(range(1, DIMENSIONS + 1), rng.randint(1, DIMENSIONS)))
        elements = ",".join(f"{place}:{rng.uniform(-1, 1):.3f}" for place in places)
        return "'{" + elements + "}/" + f"{DIMENSIONS}'"
    return "'[" + ",".join(f"{rng.uniform(-1, 1):.3f}" for _ in range(DIMENSIONS)) + "]'"


def statement(number, rng):
    kind = rng.choice(list(METRICS))
    table, row = f"t_{kind}", rng.randint(1, ROWS)
    if number % 1000 == 999:
        return rng.choice([f"VACUUM {table}", f"REINDEX TABLE {table}"])
    choice = rng.random()
    if choice < 0.10:
        return (f"INSERT INTO {table} VALUES ({row}, {value(kind, rng)})"
                " ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding")
    if choice < 0.13:
        return f"DELETE FROM {table} WHERE id = {row}"
    if choice < 0.15:
        return f"BEGIN; UPDATE {table} SET embedding = {value(kind, rng)} WHERE id = {row}; ROLLBACK"
    if choice < 0.17:  # an error, while a scan, an insert, or text input is on its way
        return rng.choice([
            "SELECT '[1,2,x]'::vector",
            "INSERT INTO t_vector VALUES (1, '[1,2]')",
            "SELECT id FROM t_vector ORDER BY embedding <-> '[1,2]' LIMIT 1",
            f"SELECT 1 / (id - id) FROM {table} ORDER BY embedding {METRICS[kind][min(METRICS[kind])]} {value(kind, rng)} LIMIT 1",
        ])
    if choice < 0.18:
        return f"SELECT * FROM vectorx_index_stats('{table}_{rng.choice(list(METRICS[kind]))}')"
    operator = METRICS[kind][rng.choice(list(METRICS[kind]))]
    where = f"WHERE id % 17 = {row % 17} " if rng.random() < 0.2 else ""
    return f"SELECT id FROM {table} {where}ORDER BY embedding {operator} {value(kind, rng)} LIMIT {rng.randint(1, 20)}"


def main():
    count = int(sys.argv[1])
    rng = random.Random(1)
    print("CREATE EXTENSION vectorx")
    for kind, metrics in METRICS.items():
        print(f"CREATE TABLE t_{kind} (id int PRIMARY KEY, embedding {kind}({DIMENSIONS}))")
        for row in range(1, ROWS + 1):
            print(f"INSERT INTO t_{kind} VALUES ({row}, {value(kind, rng)})")
            if row == 2 * ROWS // 3:  # the rest is inserted into the indexes
                for metric in metrics:
                    print(f"CREATE INDEX t_{kind}_{metric} ON t_{kind} USING hnsw (embedding {kind}_{metric}_ops)")
    print("ANALYZE")
    print("SET enable_seqscan = off")
    print("SET hnsw.iterative_scan = relaxed_order")
    for number in range(count):
        if number == count // 4:
            print(MEMORY)
        print(statement(number, rng))
    print(MEMORY)
    for kind, metrics in METRICS.items():
        for metric in metrics:
            print(f"SELECT fault AS unsound FROM vectorx_check('t_{kind}_{metric}', true)")
    print("SELECT count(*) AS finished FROM t_vector")


main()
