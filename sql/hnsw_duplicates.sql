-- Equal vectors share a node, which has place for 3 rows, and 15 in each further slot.
SET enable_seqscan = off;
SET jit = off;
CREATE TABLE hnsw_duplicates (id int, v vector(3)) WITH (autovacuum_enabled = off);
-- How many of the rows that are equal to `v` the index returns, and whether these come first
CREATE FUNCTION hnsw_equals(query vector, OUT rows bigint, OUT found bigint, OUT distinct_rows bigint, OUT first bool) LANGUAGE sql AS $$
  SELECT (SELECT count(*) FROM hnsw_duplicates WHERE v = query), count(*) FILTER (WHERE d = 0), count(DISTINCT id) FILTER (WHERE d = 0),
    coalesce(max(place) FILTER (WHERE d = 0), 0) = count(*) FILTER (WHERE d = 0)
  FROM (SELECT id, v <-> query AS d, row_number() OVER () AS place FROM (SELECT id, v FROM hnsw_duplicates ORDER BY v <-> query LIMIT 10000) s) t
$$;
-- Groups of 1, 3, 4, 18, 19, 33, 34 and 2500 equal rows, in an index that is built
INSERT INTO hnsw_duplicates SELECT row_number() OVER (), ARRAY[n, n, 1]::vector FROM unnest(ARRAY[1, 3, 4, 18, 19, 33, 34, 2500]) n, generate_series(1, n);
CREATE INDEX hnsw_duplicates_index ON hnsw_duplicates USING hnsw (v vector_l2_ops);
SELECT n, e.* FROM unnest(ARRAY[1, 3, 4, 18, 19, 33, 34, 2500]) n, hnsw_equals(ARRAY[n, n, 1]::vector) e;
-- ef_search counts vectors, not rows.
SET hnsw.ef_search = 2;
SELECT count(*), count(DISTINCT v) FROM (SELECT v FROM hnsw_duplicates ORDER BY v <-> '[2500,2500,1]' LIMIT 10000) t;
RESET hnsw.ef_search;
SELECT pg_relation_size('hnsw_duplicates_index') / 8192 < 40 AS small;
-- more of them inserted
INSERT INTO hnsw_duplicates SELECT 10000 + row_number() OVER (), ARRAY[n, n, 1]::vector FROM unnest(ARRAY[1, 3, 4, 18, 19, 33, 34, 2500]) n, generate_series(1, n);
SELECT n, e.* FROM unnest(ARRAY[1, 3, 4, 18, 19, 33, 34, 2500]) n, hnsw_equals(ARRAY[n, n, 1]::vector) e;
SELECT pg_relation_size('hnsw_duplicates_index') / 8192 < 80 AS small;
-- Some, most, all of a node's rows go.
DELETE FROM hnsw_duplicates WHERE id % 7 = 0;
VACUUM hnsw_duplicates;
SELECT n, e.* FROM unnest(ARRAY[1, 3, 4, 18, 19, 33, 34, 2500]) n, hnsw_equals(ARRAY[n, n, 1]::vector) e;
DELETE FROM hnsw_duplicates WHERE id % 50 > 1;
VACUUM hnsw_duplicates;
SELECT n, e.* FROM unnest(ARRAY[1, 3, 4, 18, 19, 33, 34, 2500]) n, hnsw_equals(ARRAY[n, n, 1]::vector) e;
SELECT pg_relation_size('hnsw_duplicates_index') AS size \gset
INSERT INTO hnsw_duplicates SELECT 20000 + i, '[2500,2500,1]' FROM generate_series(1, 1500) i;
SELECT * FROM hnsw_equals('[2500,2500,1]');
DELETE FROM hnsw_duplicates WHERE v = '[2500,2500,1]';
SELECT * FROM hnsw_equals('[2500,2500,1]');
VACUUM hnsw_duplicates;
SELECT * FROM hnsw_equals('[2500,2500,1]');
INSERT INTO hnsw_duplicates SELECT 30000 + i, '[2500,2500,1]' FROM generate_series(1, 2000) i;
SELECT * FROM hnsw_equals('[2500,2500,1]');
SELECT pg_relation_size('hnsw_duplicates_index') - :size AS grown;
-- A limit within a node
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM hnsw_duplicates ORDER BY v <-> '[2500,2500,1]' LIMIT 1234) t;
-- An update of a row that shares its node
UPDATE hnsw_duplicates SET v = '[-7,0,0]' WHERE id = 30001;
SELECT * FROM hnsw_equals('[-7,0,0]');
SELECT * FROM hnsw_equals('[2500,2500,1]');
REINDEX INDEX hnsw_duplicates_index;
SELECT * FROM hnsw_equals('[2500,2500,1]');

-- Nothing but one vector, built and inserted, on pages and by workers
TRUNCATE hnsw_duplicates;
INSERT INTO hnsw_duplicates SELECT i, '[1,2,3]' FROM generate_series(1, 1000) i;
SELECT * FROM hnsw_equals('[1,2,3]');
REINDEX INDEX hnsw_duplicates_index;
SELECT * FROM hnsw_equals('[1,2,3]');
SET maintenance_work_mem = '1MB';
SET client_min_messages = warning;
REINDEX INDEX hnsw_duplicates_index;
RESET client_min_messages;
SELECT * FROM hnsw_equals('[1,2,3]');
SET min_parallel_table_scan_size = 0;
RESET maintenance_work_mem;
ALTER TABLE hnsw_duplicates SET (parallel_workers = 2);
REINDEX INDEX hnsw_duplicates_index;
SELECT * FROM hnsw_equals('[1,2,3]');
SELECT pg_relation_size('hnsw_duplicates_index') / 8192 < 40 AS small;
DELETE FROM hnsw_duplicates WHERE id < 990;
VACUUM hnsw_duplicates;
SELECT * FROM hnsw_equals('[1,2,3]');
DROP FUNCTION hnsw_equals;
DROP TABLE hnsw_duplicates;

-- Under cosine, vectors of one direction are equal.
CREATE TABLE hnsw_duplicates (id int, v vector(2));
CREATE INDEX ON hnsw_duplicates USING hnsw (v vector_cosine_ops);
INSERT INTO hnsw_duplicates SELECT i, ARRAY[3 * i, 4 * i]::vector FROM generate_series(1, 100) i;
INSERT INTO hnsw_duplicates SELECT 1000 + i, ARRAY[cos(2.4 * i), sin(2.4 * i)]::vector FROM generate_series(1, 100) i;
SELECT count(*) FILTER (WHERE id <= 100), count(*) FROM (SELECT id FROM hnsw_duplicates ORDER BY v <=> '[3,4]' LIMIT 100) t;
DROP TABLE hnsw_duplicates;
