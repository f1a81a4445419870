-- VACUUM: dead rows leave, the graph is repaired, slots are used again.
SET enable_seqscan = off;
SET jit = off;
CREATE TABLE hnsw_vacuum (id int, v vector(4)) WITH (autovacuum_enabled = off);
INSERT INTO hnsw_vacuum SELECT i, ARRAY[i, i * 7 % 23, i * i % 29, i % 5]::vector FROM generate_series(1, 900) i;
CREATE INDEX hnsw_vacuum_index ON hnsw_vacuum USING hnsw (v vector_l2_ops) WITH (m = 6, ef_construction = 24);
-- How many rows are not their own nearest, and how many one scan returns
CREATE FUNCTION hnsw_not_found() RETURNS bigint LANGUAGE sql SET hnsw.ef_search = 40 AS $$
  SELECT count(*) FROM hnsw_vacuum a WHERE id IS DISTINCT FROM (SELECT id FROM hnsw_vacuum b ORDER BY b.v <-> a.v LIMIT 1)
$$;
CREATE FUNCTION hnsw_lost(OUT not_found bigint, OUT scanned bigint, OUT rows bigint) LANGUAGE sql SET hnsw.ef_search = 1000 AS $$
  SELECT hnsw_not_found(), (SELECT count(*) FROM (SELECT id FROM hnsw_vacuum ORDER BY v <-> '[450,0,0,0]' LIMIT 2000) t), (SELECT count(*) FROM hnsw_vacuum)
$$;
SELECT * FROM hnsw_lost();
-- Nothing to do
VACUUM hnsw_vacuum;
SELECT * FROM hnsw_lost();
SELECT reltuples FROM pg_class WHERE relname = 'hnsw_vacuum_index';
-- Scattered rows
DELETE FROM hnsw_vacuum WHERE id % 3 = 0;
SELECT * FROM hnsw_lost();
VACUUM hnsw_vacuum;
SELECT * FROM hnsw_lost();
SELECT reltuples FROM pg_class WHERE relname = 'hnsw_vacuum_index';
-- A whole region, and with it the rows that were linked to it. The graph may come apart where it was, so that one scan no
-- longer returns everything; but every row is found.
DELETE FROM hnsw_vacuum WHERE id BETWEEN 200 AND 500;
VACUUM hnsw_vacuum;
SELECT hnsw_not_found();
-- Free slots are used again: as many new rows as went need no more pages.
SELECT pg_relation_size('hnsw_vacuum_index') AS size \gset
INSERT INTO hnsw_vacuum SELECT i, ARRAY[i, i * 7 % 23, i * i % 29, i % 5]::vector FROM generate_series(1001, 1400) i;
SELECT hnsw_not_found();
SELECT pg_relation_size('hnsw_vacuum_index') - :size AS grown;
-- Again and again: the index does not grow without end.
UPDATE hnsw_vacuum SET v = v + '[0.5,0,0,0]';
VACUUM hnsw_vacuum;
SELECT pg_relation_size('hnsw_vacuum_index') AS size \gset
UPDATE hnsw_vacuum SET v = v + '[0.5,0,0,0]';
VACUUM hnsw_vacuum;
UPDATE hnsw_vacuum SET v = v + '[0.5,0,0,0]';
VACUUM hnsw_vacuum;
SELECT hnsw_not_found();
-- Slots of upper levels come and go by chance.
SELECT pg_relation_size('hnsw_vacuum_index') - :size <= 2 * 8192 AS grown_little;
-- All rows, and rows again
DELETE FROM hnsw_vacuum;
VACUUM (TRUNCATE off) hnsw_vacuum;
SELECT * FROM hnsw_lost();
INSERT INTO hnsw_vacuum SELECT i, ARRAY[i, i * 7 % 23, i * i % 29, i % 5]::vector FROM generate_series(1, 300) i;
SELECT * FROM hnsw_lost();
-- Rows of transactions that were rolled back
BEGIN;
INSERT INTO hnsw_vacuum SELECT i, ARRAY[i, i * 7 % 23, i * i % 29, i % 5]::vector FROM generate_series(301, 500) i;
ROLLBACK;
SELECT * FROM hnsw_lost();
VACUUM hnsw_vacuum;
SELECT * FROM hnsw_lost();
-- Dead rows that vacuum leaves in the index, and takes later
DELETE FROM hnsw_vacuum WHERE id > 250;
VACUUM (INDEX_CLEANUP off) hnsw_vacuum;
SELECT * FROM hnsw_lost();
VACUUM (INDEX_CLEANUP on, PARALLEL 2) hnsw_vacuum;
SELECT * FROM hnsw_lost();
VACUUM FULL hnsw_vacuum;
SELECT * FROM hnsw_lost();
VACUUM ANALYZE hnsw_vacuum;
DROP FUNCTION hnsw_lost, hnsw_not_found;
DROP TABLE hnsw_vacuum;
