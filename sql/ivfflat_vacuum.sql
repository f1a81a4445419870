-- Vacuum: dead rows leave the index, its pages serve again.
SET enable_seqscan = off;
SET jit = off;
CREATE TABLE ivfflat_vacuum (id int, v vector(100)) WITH (autovacuum_enabled = off);
CREATE FUNCTION pg_temp.fill(first int, last int) RETURNS void LANGUAGE sql AS $$
  INSERT INTO ivfflat_vacuum SELECT i, (SELECT array_agg((i * j) % 101 ORDER BY j) FROM generate_series(1, 100) j)::vector FROM generate_series(first, last) i
$$;
SELECT pg_temp.fill(1, 1000);
CREATE INDEX ivfflat_vacuum_index ON ivfflat_vacuum USING ivfflat (v) WITH (lists = 7);
SET ivfflat.probes = 7;
SELECT pg_relation_size('ivfflat_vacuum_index') AS size \gset
DELETE FROM ivfflat_vacuum WHERE id % 3 = 0;
VACUUM ivfflat_vacuum;
SELECT * FROM vectorx_check('ivfflat_vacuum_index', true);
SELECT rows FROM vectorx_index_stats('ivfflat_vacuum_index');
SELECT count(*), bool_and(id % 3 <> 0) FROM (SELECT id FROM ivfflat_vacuum ORDER BY v <-> array_fill(50, ARRAY[100])::vector LIMIT 1000) t;
-- All gone: every page but the first of each list is free, and used again.
DELETE FROM ivfflat_vacuum;
VACUUM ivfflat_vacuum;
SELECT * FROM vectorx_check('ivfflat_vacuum_index', true);
SELECT rows, list_pages, unused_pages > 40 AS unused FROM vectorx_index_stats('ivfflat_vacuum_index');
SELECT count(*) FROM (SELECT id FROM ivfflat_vacuum ORDER BY v <-> array_fill(50, ARRAY[100])::vector LIMIT 1000) t;
SELECT pg_temp.fill(1, 1000);
SELECT * FROM vectorx_check('ivfflat_vacuum_index', true);
SELECT pg_relation_size('ivfflat_vacuum_index') <= :size + 8192 AS no_larger;
-- Room in the middle of a list is found again.
DELETE FROM ivfflat_vacuum WHERE id <= 500;
VACUUM ivfflat_vacuum;
SELECT pg_relation_size('ivfflat_vacuum_index') AS size \gset
SELECT pg_temp.fill(1, 500);
SELECT pg_relation_size('ivfflat_vacuum_index') <= :size AS no_larger;
SELECT * FROM vectorx_check('ivfflat_vacuum_index', true);
SELECT count(*) FROM (SELECT id FROM ivfflat_vacuum ORDER BY v <-> array_fill(50, ARRAY[100])::vector LIMIT 2000) t;
-- Nothing to do
VACUUM ivfflat_vacuum;
VACUUM (INDEX_CLEANUP on) ivfflat_vacuum;
ANALYZE ivfflat_vacuum;
-- Rows that no vacuum has removed are not returned.
DELETE FROM ivfflat_vacuum WHERE id > 10;
SELECT count(*) FROM (SELECT id FROM ivfflat_vacuum ORDER BY v <-> array_fill(50, ARRAY[100])::vector LIMIT 2000) t;
DROP TABLE ivfflat_vacuum;
