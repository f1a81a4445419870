-- An index on a partitioned table: one on each partition, now and later, and an order over all of them.
SET enable_seqscan = off;
SET jit = off;
CREATE TABLE hnsw_partitioned (id int, v vector(3)) PARTITION BY RANGE (id);
CREATE TABLE hnsw_partition_1 PARTITION OF hnsw_partitioned FOR VALUES FROM (0) TO (100);
CREATE TABLE hnsw_partition_2 PARTITION OF hnsw_partitioned FOR VALUES FROM (100) TO (200) PARTITION BY LIST (id);
CREATE TABLE hnsw_partition_2_default PARTITION OF hnsw_partition_2 DEFAULT;
INSERT INTO hnsw_partitioned SELECT i, ARRAY[i * 37 % 200, i % 7, i % 3]::vector FROM generate_series(1, 199) i;
CREATE INDEX hnsw_partitioned_index ON hnsw_partitioned USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 20);
CREATE TABLE hnsw_partition_3 PARTITION OF hnsw_partitioned DEFAULT;
INSERT INTO hnsw_partitioned SELECT i, ARRAY[i * 37 % 200, i % 7, i % 3]::vector FROM generate_series(200, 299) i;
SELECT relname, relkind, reloptions FROM pg_class WHERE relname LIKE 'hnsw_partition%' AND relkind IN ('i', 'I') ORDER BY relname;
EXPLAIN (COSTS OFF) SELECT id FROM hnsw_partitioned ORDER BY v <-> '[50,3,1]' LIMIT 5;
SELECT array_agg(id) FROM (SELECT id FROM hnsw_partitioned ORDER BY v <-> '[50,3,1]' LIMIT 6) t;
SET enable_indexscan = off;
SET enable_seqscan = on;
SELECT array_agg(id) FROM (SELECT id FROM hnsw_partitioned ORDER BY v <-> '[50,3,1]' LIMIT 6) t;
RESET enable_indexscan;
SET enable_seqscan = off;
SELECT id FROM hnsw_partitioned WHERE id BETWEEN 100 AND 150 ORDER BY v <-> '[50,3,1]' LIMIT 2;
-- A row moves to another partition; a partition leaves and comes back.
UPDATE hnsw_partitioned SET id = 250, v = '[50,3,1]' WHERE id = 150;
SELECT tableoid::regclass, id FROM hnsw_partitioned ORDER BY v <-> '[50,3,1]' LIMIT 1;
ALTER TABLE hnsw_partitioned DETACH PARTITION hnsw_partition_3;
SELECT count(*) FROM (SELECT id FROM hnsw_partitioned ORDER BY v <-> '[50,3,1]' LIMIT 300) t;
ALTER TABLE hnsw_partitioned ATTACH PARTITION hnsw_partition_3 DEFAULT;
SELECT tableoid::regclass, id FROM hnsw_partitioned ORDER BY v <-> '[50,3,1]' LIMIT 1;
SET client_min_messages = warning;
REINDEX TABLE hnsw_partitioned;
VACUUM hnsw_partitioned;
RESET client_min_messages;
SELECT array_agg(id) FROM (SELECT id FROM hnsw_partitioned ORDER BY v <-> '[50,3,1]' LIMIT 1) t;
DROP INDEX hnsw_partitioned_index;
-- On the parent only, then partition by partition
CREATE INDEX hnsw_partitioned_index ON ONLY hnsw_partitioned USING hnsw (v vector_l2_ops);
SELECT indisvalid FROM pg_index WHERE indexrelid = 'hnsw_partitioned_index'::regclass;
CREATE INDEX CONCURRENTLY hnsw_partition_1_index ON hnsw_partition_1 USING hnsw (v vector_l2_ops);
ALTER INDEX hnsw_partitioned_index ATTACH PARTITION hnsw_partition_1_index;
CREATE INDEX CONCURRENTLY hnsw_partitioned_concurrently ON hnsw_partitioned USING hnsw (v vector_l2_ops);
DROP TABLE hnsw_partitioned;
-- Inheritance, for those who still have it
CREATE TABLE hnsw_parent (id int, v vector(2));
CREATE TABLE hnsw_child () INHERITS (hnsw_parent);
CREATE INDEX ON hnsw_parent USING hnsw (v vector_l2_ops);
CREATE INDEX ON hnsw_child USING hnsw (v vector_l2_ops);
INSERT INTO hnsw_parent SELECT i, ARRAY[i, 0]::vector FROM generate_series(1, 10) i;
INSERT INTO hnsw_child SELECT i, ARRAY[i, 0]::vector FROM generate_series(11, 20) i;
SELECT array_agg(id) FROM (SELECT id FROM hnsw_parent ORDER BY v <-> '[10.6,0]' LIMIT 4) t;
DROP TABLE hnsw_parent CASCADE;
