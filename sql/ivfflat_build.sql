-- Builds: partial, on expressions, concurrent, parallel, of partitions
SET enable_seqscan = off;
SET jit = off;
CREATE TABLE ivfflat_build (id int, v vector(8), note text) WITH (autovacuum_enabled = off);
INSERT INTO ivfflat_build SELECT i, (SELECT array_agg((i * j) % 23 ORDER BY j) FROM generate_series(1, 8) j)::vector, 'x' FROM generate_series(1, 5000) i;
INSERT INTO ivfflat_build VALUES (0, NULL, 'x');
CREATE INDEX ivfflat_build_partial ON ivfflat_build USING ivfflat (v) WITH (lists = 3) WHERE id <= 100;
CREATE INDEX ivfflat_build_expression ON ivfflat_build USING ivfflat ((v::halfvec(8)) halfvec_l2_ops) WITH (lists = 5);
CREATE INDEX CONCURRENTLY ivfflat_build_concurrent ON ivfflat_build USING ivfflat (v vector_cosine_ops) WITH (lists = 5);
-- As many workers as allowed, however small the table
SET max_parallel_maintenance_workers = 2;
ALTER TABLE ivfflat_build SET (parallel_workers = 2);
CREATE INDEX ivfflat_build_parallel ON ivfflat_build USING ivfflat (v vector_ip_ops) WITH (lists = 6);
CREATE INDEX CONCURRENTLY ivfflat_build_parallel_concurrent ON ivfflat_build USING ivfflat (v vector_l2_ops) WITH (lists = 6);
SELECT i.relname, (vectorx_index_stats(i.oid)).lists, (vectorx_index_stats(i.oid)).rows, (SELECT count(*) FROM vectorx_check(i.oid, true)) AS faults, i.reltuples
  FROM pg_class i WHERE relname LIKE 'ivfflat_build_%' ORDER BY 1;
-- Serial and parallel builds make the same lists of the same rows.
SET max_parallel_maintenance_workers = 0;
CREATE INDEX ivfflat_build_serial ON ivfflat_build USING ivfflat (v vector_ip_ops) WITH (lists = 6);
SELECT (vectorx_index_stats('ivfflat_build_serial')).imbalance = (vectorx_index_stats('ivfflat_build_parallel')).imbalance AS same;
SET ivfflat.probes = 6;
SELECT count(*) FROM (SELECT 1 FROM ivfflat_build ORDER BY v::halfvec(8) <-> '[1,2,3,4,5,6,7,8]' LIMIT 10000) t;
SELECT count(*) FROM (SELECT 1 FROM ivfflat_build WHERE id <= 100 ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10000) t;
REINDEX INDEX CONCURRENTLY ivfflat_build_partial;
SELECT count(*) FROM vectorx_check('ivfflat_build_partial', true);
DROP TABLE ivfflat_build;

-- No rows at all; NULLs only
CREATE TABLE ivfflat_build (v vector(3));
CREATE INDEX ivfflat_build_index ON ivfflat_build USING ivfflat (v);
SELECT lists, rows FROM vectorx_index_stats('ivfflat_build_index');
INSERT INTO ivfflat_build VALUES (NULL), ('[1,2,3]');
SELECT v FROM ivfflat_build ORDER BY v <-> '[0,0,0]';
DELETE FROM ivfflat_build WHERE v IS NOT NULL;
REINDEX INDEX ivfflat_build_index;
SELECT count(*) FROM vectorx_check('ivfflat_build_index', true);
DROP TABLE ivfflat_build;

CREATE TABLE ivfflat_build (id int, v vector(2)) PARTITION BY RANGE (id);
CREATE TABLE ivfflat_build_1 PARTITION OF ivfflat_build FOR VALUES FROM (0) TO (50);
CREATE TABLE ivfflat_build_2 PARTITION OF ivfflat_build FOR VALUES FROM (50) TO (100);
INSERT INTO ivfflat_build SELECT i, ARRAY[i, 0]::vector FROM generate_series(0, 99) i;
CREATE INDEX ON ivfflat_build USING ivfflat (v) WITH (lists = 2);
SET ivfflat.probes = 2;
EXPLAIN (COSTS OFF) SELECT id FROM ivfflat_build ORDER BY v <-> '[49.4,0]' LIMIT 4;
SELECT id FROM ivfflat_build ORDER BY v <-> '[49.4,0]' LIMIT 4;
DROP TABLE ivfflat_build;
