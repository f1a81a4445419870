-- CREATE INDEX under all circumstances. Every table is small enough for ef_search to cover it, so nothing may be missing.
SET enable_seqscan = off;
SET jit = off;

-- The i-th of many vectors that all differ, with whole numbers
CREATE FUNCTION hnsw_lattice(i int, dim int) RETURNS vector LANGUAGE sql IMMUTABLE AS
  $$ SELECT array_agg(CASE d WHEN 1 THEN i ELSE (i * (d % 40 + 3) + i * i % (d + 7)) % 41 - 20 END ORDER BY d)::vector FROM generate_series(1, dim) d $$;

CREATE TABLE hnsw_build (id int, v vector(4));
-- Empty, by one process and with workers
CREATE INDEX hnsw_build_index ON hnsw_build USING hnsw (v vector_l2_ops);
SELECT id FROM hnsw_build ORDER BY v <-> '[0,0,0,0]' LIMIT 1;
INSERT INTO hnsw_build VALUES (0, '[0,1,2,3]');
SELECT id FROM hnsw_build ORDER BY v <-> '[0,0,0,0]' LIMIT 1;
DROP INDEX hnsw_build_index;
INSERT INTO hnsw_build SELECT i, hnsw_lattice(i, 4) FROM generate_series(1, 800) i;
INSERT INTO hnsw_build VALUES (-1, NULL);

-- What an index finds, row by row: how many of the rows are not their own nearest, and how many a scan returns in all
CREATE FUNCTION hnsw_lost(name regclass, OUT not_found bigint, OUT scanned bigint) LANGUAGE plpgsql AS $$
DECLARE plan text;
BEGIN
  EXECUTE format('EXPLAIN (FORMAT json) SELECT * FROM %s ORDER BY v <-> (SELECT v FROM %1$s LIMIT 1) LIMIT 1', name) INTO plan;
  IF plan NOT LIKE '%"Index Scan"%' THEN RAISE 'the index is not used: %', plan; END IF;
  PERFORM set_config('hnsw.ef_search', '40', false);
  EXECUTE format('SELECT count(*) FROM %s a WHERE v IS NOT NULL AND id IS DISTINCT FROM (SELECT id FROM %1$s b ORDER BY b.v <-> a.v LIMIT 1)', name) INTO not_found;
  PERFORM set_config('hnsw.ef_search', '1000', false);
  EXECUTE format('SELECT count(*) FROM (SELECT id FROM %s ORDER BY v <-> (SELECT v FROM %1$s WHERE v IS NOT NULL LIMIT 1) LIMIT 2000) t', name) INTO scanned;
END
$$;

-- In memory, by one process
SET max_parallel_maintenance_workers = 0;
CREATE INDEX hnsw_build_index ON hnsw_build USING hnsw (v vector_l2_ops);
SELECT * FROM hnsw_lost('hnsw_build');
DROP INDEX hnsw_build_index;
-- with workers
SET max_parallel_maintenance_workers = 2;
SET min_parallel_table_scan_size = 0;
ALTER TABLE hnsw_build SET (parallel_workers = 2);
CREATE INDEX hnsw_build_index ON hnsw_build USING hnsw (v vector_l2_ops);
SELECT * FROM hnsw_lost('hnsw_build');
-- the same by REINDEX, which may change the parameters
ALTER INDEX hnsw_build_index SET (m = 2, ef_construction = 4);
REINDEX INDEX hnsw_build_index;
SELECT scanned > 600 AS most FROM hnsw_lost('hnsw_build');
ALTER INDEX hnsw_build_index SET (m = 100, ef_construction = 200);
REINDEX TABLE hnsw_build;
SELECT * FROM hnsw_lost('hnsw_build');
REINDEX INDEX CONCURRENTLY hnsw_build_index;
SELECT * FROM hnsw_lost('hnsw_build');
DROP INDEX hnsw_build_index;
CREATE INDEX CONCURRENTLY hnsw_build_index ON hnsw_build USING hnsw (v vector_l2_ops);
SELECT * FROM hnsw_lost('hnsw_build');
SELECT indisvalid FROM pg_index WHERE indexrelid = 'hnsw_build_index'::regclass;
DROP INDEX hnsw_build_index;
-- on pages, where memory is not enough for the graph. Then each row is linked as it comes, by workers at the same time,
-- and a few may be left without a link to them. How many rows had fitted, the notice says, is a matter of timing.
SET client_min_messages = warning;
SET maintenance_work_mem = '1MB';
SET max_parallel_maintenance_workers = 0;
CREATE INDEX hnsw_build_index ON hnsw_build USING hnsw (v vector_l2_ops);
SELECT not_found <= 2 AS all_found, scanned >= 799 AS all_scanned FROM hnsw_lost('hnsw_build');
DROP INDEX hnsw_build_index;
SET max_parallel_maintenance_workers = 2;
CREATE INDEX hnsw_build_index ON hnsw_build USING hnsw (v vector_l2_ops);
SELECT not_found <= 2 AS all_found, scanned >= 799 AS all_scanned FROM hnsw_lost('hnsw_build');
DROP INDEX hnsw_build_index;
RESET maintenance_work_mem;
RESET client_min_messages;

-- A row of the wrong length behind the column's back is refused, whoever meets it, and leaves no index. A worker says so in
-- the context.
CREATE TABLE hnsw_lengths (v vector) WITH (parallel_workers = 2);
INSERT INTO hnsw_lengths SELECT hnsw_lattice(i, 4) FROM generate_series(1, 500) i;
INSERT INTO hnsw_lengths VALUES ('[1,2,3]');
\set SHOW_CONTEXT never
CREATE INDEX hnsw_lengths_index ON hnsw_lengths USING hnsw ((v::vector(4)) vector_l2_ops);
\set SHOW_CONTEXT errors
SELECT to_regclass('hnsw_lengths_index');
-- unless the index is not about it
CREATE INDEX hnsw_lengths_index ON hnsw_lengths USING hnsw ((v::vector(4)) vector_l2_ops) WHERE vector_dims(v) = 4;
EXPLAIN (COSTS OFF) SELECT v FROM hnsw_lengths WHERE vector_dims(v) = 4 ORDER BY v::vector(4) <-> '[1,2,3,4]' LIMIT 3;
SELECT count(*) FROM (SELECT v FROM hnsw_lengths WHERE vector_dims(v) = 4 ORDER BY v::vector(4) <-> '[1,2,3,4]' LIMIT 1000) t;
INSERT INTO hnsw_lengths VALUES ('[1]'), ('[1,2,3,4]');
SELECT v FROM hnsw_lengths WHERE vector_dims(v) = 4 ORDER BY v::vector(4) <-> '[1,2,3,4]' LIMIT 1;
DROP TABLE hnsw_lengths;

-- Partial: only the rows that it covers
CREATE INDEX hnsw_build_index ON hnsw_build USING hnsw (v vector_l2_ops) WHERE id % 10 = 3;
SELECT count(*), bool_and(id % 10 = 3) FROM (SELECT id FROM hnsw_build WHERE id % 10 = 3 ORDER BY v <-> '[1,2,3,4]' LIMIT 1000) t;
UPDATE hnsw_build SET id = 1003 WHERE id = 4;
SELECT count(*) FROM (SELECT id FROM hnsw_build WHERE id % 10 = 3 ORDER BY v <-> '[1,2,3,4]' LIMIT 1000) t;
DROP INDEX hnsw_build_index;

-- In the transaction that makes or empties the table
BEGIN;
CREATE TABLE hnsw_new (id int, v vector(4));
INSERT INTO hnsw_new SELECT i, hnsw_lattice(i, 4) FROM generate_series(1, 100) i;
CREATE INDEX hnsw_new_index ON hnsw_new USING hnsw (v vector_l2_ops);
INSERT INTO hnsw_new SELECT i, hnsw_lattice(i, 4) FROM generate_series(101, 200) i;
SAVEPOINT a;
INSERT INTO hnsw_new SELECT i, hnsw_lattice(i, 4) FROM generate_series(201, 300) i;
ROLLBACK TO a;
COMMIT;
SELECT * FROM hnsw_lost('hnsw_new');
BEGIN;
TRUNCATE hnsw_new;
INSERT INTO hnsw_new SELECT i, hnsw_lattice(i, 4) FROM generate_series(1, 50) i;
SELECT * FROM hnsw_lost('hnsw_new');
ROLLBACK;
SELECT * FROM hnsw_lost('hnsw_new');
TRUNCATE hnsw_new;
SELECT * FROM hnsw_lost('hnsw_new');
ALTER TABLE hnsw_new SET LOGGED;
ALTER TABLE hnsw_new SET UNLOGGED;
INSERT INTO hnsw_new SELECT i, hnsw_lattice(i, 4) FROM generate_series(1, 50) i;
ALTER TABLE hnsw_new SET LOGGED;
SELECT * FROM hnsw_lost('hnsw_new');
VACUUM FULL hnsw_new;
SELECT * FROM hnsw_lost('hnsw_new');
DROP TABLE hnsw_new;

-- Temporary
CREATE TEMP TABLE hnsw_temp (id int, v vector(4));
CREATE INDEX hnsw_temp_index ON hnsw_temp USING hnsw (v vector_l2_ops);
INSERT INTO hnsw_temp SELECT i, hnsw_lattice(i, 4) FROM generate_series(1, 300) i;
SELECT * FROM hnsw_lost('hnsw_temp');
REINDEX INDEX hnsw_temp_index;
SELECT * FROM hnsw_lost('hnsw_temp');
DELETE FROM hnsw_temp WHERE id % 2 = 0;
VACUUM hnsw_temp;
SELECT * FROM hnsw_lost('hnsw_temp');
CREATE TEMP TABLE hnsw_forgotten (id int, v vector(4)) ON COMMIT DELETE ROWS;
CREATE INDEX ON hnsw_forgotten USING hnsw (v vector_l2_ops);
BEGIN;
INSERT INTO hnsw_forgotten SELECT i, hnsw_lattice(i, 4) FROM generate_series(1, 30) i;
SELECT * FROM hnsw_lost('hnsw_forgotten');
COMMIT;
SELECT * FROM hnsw_lost('hnsw_forgotten');

-- Dimensions from 1 to 2000; where a node and its links do not fit in one page, links have pages of their own
CREATE FUNCTION hnsw_dimensions(dim int, m int, OUT built text, OUT inserted text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE hnsw_dim (id int, v vector(%s))', dim);
  INSERT INTO hnsw_dim SELECT i, hnsw_lattice(i, dim) FROM generate_series(1, 30) i;
  EXECUTE format('CREATE INDEX ON hnsw_dim USING hnsw (v vector_l2_ops) WITH (m = %s, ef_construction = 200)', m);
  built := hnsw_lost('hnsw_dim');
  INSERT INTO hnsw_dim SELECT i, hnsw_lattice(i, dim) FROM generate_series(31, 45) i;
  inserted := hnsw_lost('hnsw_dim');
  DROP TABLE hnsw_dim;
END
$$;
SELECT m, dim, d.* FROM unnest(ARRAY[16, 100]) m, unnest(ARRAY[1, 3, 800, 1990, 2000]) dim, hnsw_dimensions(dim, m) d;
-- All of its life where links have pages of their own
CREATE TABLE hnsw_dim (id int, v vector(1990));
INSERT INTO hnsw_dim SELECT i, hnsw_lattice(i, 1990) FROM generate_series(1, 40) i;
CREATE INDEX hnsw_dim_index ON hnsw_dim USING hnsw (v vector_l2_ops) WITH (m = 100, ef_construction = 200);
INSERT INTO hnsw_dim SELECT i, hnsw_lattice(i % 50, 1990) FROM generate_series(41, 80) i;
SELECT count(*) FROM (SELECT id FROM hnsw_dim ORDER BY v <-> hnsw_lattice(7, 1990) LIMIT 1000) t;
DELETE FROM hnsw_dim WHERE id % 3 > 0;
VACUUM hnsw_dim;
SELECT count(*), bool_and(id % 3 = 0) FROM (SELECT id FROM hnsw_dim ORDER BY v <-> hnsw_lattice(7, 1990) LIMIT 1000) t;
SELECT pg_relation_size('hnsw_dim_index') AS size \gset
INSERT INTO hnsw_dim SELECT i, hnsw_lattice(i, 1990) FROM generate_series(101, 115) i;
SELECT count(*) FROM (SELECT id FROM hnsw_dim ORDER BY v <-> hnsw_lattice(7, 1990) LIMIT 1000) t;
SELECT array_agg(id) FROM (SELECT id FROM hnsw_dim ORDER BY v <-> hnsw_lattice(105, 1990) LIMIT 1) t;
SELECT pg_relation_size('hnsw_dim_index') = :size AS slots_used_again;
DROP TABLE hnsw_dim;
DROP FUNCTION hnsw_dimensions, hnsw_lost, hnsw_lattice;
DROP TABLE hnsw_build;
