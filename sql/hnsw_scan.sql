-- Index scans: limits, cursors, rescans, what else can stand in a query.
SET enable_seqscan = off;
SET jit = off;
CREATE TABLE hnsw_scan (id int PRIMARY KEY, v vector(3));
INSERT INTO hnsw_scan SELECT i, ARRAY[i, i % 7, i % 3]::vector FROM generate_series(1, 500) i;
CREATE INDEX hnsw_scan_index ON hnsw_scan USING hnsw (v vector_l2_ops);

-- A scan returns at most ef_search rows; LIMIT may be less or more.
SELECT count(*) FROM (SELECT * FROM hnsw_scan ORDER BY v <-> '[50,0,0]' LIMIT 200) t;
SET hnsw.ef_search = 1;
SELECT count(*) FROM (SELECT * FROM hnsw_scan ORDER BY v <-> '[50,0,0]' LIMIT 200) t;
SET hnsw.ef_search = 100;
SELECT count(*) FROM (SELECT * FROM hnsw_scan ORDER BY v <-> '[50,0,0]' LIMIT 200) t;
SELECT array_agg(id) FROM (SELECT id FROM hnsw_scan ORDER BY v <-> '[50,0,0]' LIMIT 3) t;
SELECT array_agg(id) FROM (SELECT id FROM hnsw_scan ORDER BY v <-> '[50,0,0]' LIMIT 3 OFFSET 2) t;
SELECT id FROM hnsw_scan ORDER BY v <-> '[50,0,0]' LIMIT 0;

-- Conditions on other columns, and on the distance
SELECT array_agg(id) FROM (SELECT id FROM hnsw_scan WHERE id % 10 = 1 ORDER BY v <-> '[50,0,0]' LIMIT 3) t;
SELECT array_agg(id) FROM (SELECT id FROM hnsw_scan WHERE v <-> '[50,0,0]' < 2.5 ORDER BY v <-> '[50,0,0]' LIMIT 10) t;
SELECT id FROM hnsw_scan ORDER BY v <-> '[50,0,0]', id DESC LIMIT 2;
-- Farthest first is not an order of the index.
SET enable_seqscan = on;
EXPLAIN (COSTS OFF) SELECT id FROM hnsw_scan ORDER BY v <-> '[50,0,0]' DESC LIMIT 2;
SET enable_seqscan = off;

-- Two indexes on the column, and an order that only one of them has
CREATE INDEX hnsw_scan_cosine ON hnsw_scan USING hnsw (v vector_cosine_ops);
EXPLAIN (COSTS OFF) SELECT id FROM hnsw_scan ORDER BY v <=> '[50,0,0]' LIMIT 2;
EXPLAIN (COSTS OFF) SELECT id FROM hnsw_scan ORDER BY v <-> '[50,0,0]' LIMIT 2;
DROP INDEX hnsw_scan_cosine;

-- Rescans, with another query each time, and with none
EXPLAIN (COSTS OFF) SELECT q.id, n.id FROM hnsw_scan q, LATERAL (SELECT id FROM hnsw_scan ORDER BY v <-> q.v LIMIT 1) n WHERE q.id < 4;
SELECT count(*) FILTER (WHERE q.id = n.id) AS itself, count(*) FROM hnsw_scan q, LATERAL (SELECT id FROM hnsw_scan ORDER BY v <-> q.v LIMIT 1) n;
SELECT q.q, n.ids FROM (VALUES ('[10,0,0]'::vector), (NULL), ('[20,0,0]'), (NULL), ('[490,1,1]')) q(q),
  LATERAL (SELECT count(*) || ': ' || min(id) AS ids FROM (SELECT id FROM hnsw_scan ORDER BY v <-> q.q LIMIT 1) t) n WHERE q IS NOT NULL;
SELECT count(*), count(DISTINCT n.id) FROM (VALUES ('[10,0,0]'::vector), (NULL), ('[20,0,0]')) q(q),
  LATERAL (SELECT id FROM hnsw_scan ORDER BY v <-> q.q LIMIT 10) n WHERE q IS NULL;
SELECT q.q, n.id FROM (VALUES ('[10,0,0]'::vector), ('[20,0]')) q(q), LATERAL (SELECT id FROM hnsw_scan ORDER BY v <-> q.q LIMIT 1) n;
SELECT id FROM hnsw_scan ORDER BY v <-> (SELECT v FROM hnsw_scan WHERE id = 77) LIMIT 1;
SELECT a.id FROM (SELECT id FROM hnsw_scan ORDER BY v <-> '[9,0,0]' LIMIT 3) a JOIN (SELECT id FROM hnsw_scan ORDER BY v <-> '[11,0,0]' LIMIT 3) b USING (id) ORDER BY id;

-- Each search is counted; from PostgreSQL 18 on EXPLAIN shows it.
CREATE FUNCTION hnsw_scan_searches(query text, OUT counted bigint, OUT shown bigint) LANGUAGE plpgsql AS $$
DECLARE
  before bigint := pg_stat_get_xact_numscans('hnsw_scan_index'::regclass);
  plan jsonb;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
  counted := pg_stat_get_xact_numscans('hnsw_scan_index'::regclass) - before;
  shown := jsonb_path_query_first(plan, '$.** ? (@."Index Name" == "hnsw_scan_index")."Index Searches"');
  IF current_setting('server_version_num')::int < 180000 THEN shown := counted; END IF;
END
$$;
SELECT * FROM hnsw_scan_searches('SELECT id FROM hnsw_scan ORDER BY v <-> ''[9,0,0]'' LIMIT 3');
SELECT * FROM hnsw_scan_searches('SELECT n.id FROM (VALUES (''[9,0,0]''::vector), (NULL), (''[7,0,0]'')) q(q), LATERAL (SELECT id FROM hnsw_scan ORDER BY v <-> q.q LIMIT 2) n');
DROP FUNCTION hnsw_scan_searches;

-- Prepared statements, with plans for the parameter and for any
PREPARE nearest (vector, int) AS SELECT id FROM hnsw_scan ORDER BY v <-> $1 LIMIT $2;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE nearest('[33,0,0]', 2);
EXECUTE nearest('[33,5,0]', 1);
EXECUTE nearest('[44,2,2]', 1);
EXECUTE nearest(NULL, 0);
SET plan_cache_mode = force_custom_plan;
EXECUTE nearest('[44,2,2]', 1);
SET hnsw.ef_search = 2;
SELECT count(*) FROM (SELECT id FROM hnsw_scan ORDER BY v <-> '[1,1,1]' LIMIT 10) t;
EXECUTE nearest('[44,2,2]', 3);
RESET plan_cache_mode;
RESET hnsw.ef_search;
DEALLOCATE nearest;

-- Cursors: forward as far as they go, backward by what is kept
BEGIN;
DECLARE forward NO SCROLL CURSOR FOR SELECT id FROM hnsw_scan ORDER BY v <-> '[100,2,1]';
FETCH 2 FROM forward;
FETCH 1 FROM forward;
DECLARE either SCROLL CURSOR FOR SELECT id FROM hnsw_scan ORDER BY v <-> '[100,2,1]';
FETCH 3 FROM either;
FETCH BACKWARD 2 FROM either;
FETCH FIRST FROM either;
MOVE FORWARD ALL IN either;
FETCH NEXT FROM either;
FETCH PRIOR FROM either;
-- What is deleted meanwhile, the cursor still sees.
DELETE FROM hnsw_scan WHERE id BETWEEN 96 AND 105;
FETCH 3 FROM forward;
COMMIT;
BEGIN;
DECLARE forward NO SCROLL CURSOR FOR SELECT id FROM hnsw_scan ORDER BY v <-> '[100,2,1]';
FETCH 2 FROM forward;
FETCH BACKWARD 1 FROM forward;
ROLLBACK;
SELECT id FROM hnsw_scan ORDER BY v <-> '[100,2,1]' LIMIT 2;
-- A cursor with hold outlives its transaction.
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM hnsw_scan ORDER BY v <-> '[200,4,2]' LIMIT 5;
COMMIT;
FETCH 1 FROM held;
CLOSE held;

-- Updates through the index, and conditions that lock
UPDATE hnsw_scan SET v = '[-100,0,0]' WHERE id = (SELECT id FROM hnsw_scan ORDER BY v <-> '[200,4,2]' LIMIT 1) RETURNING id;
SELECT id FROM hnsw_scan ORDER BY v <-> '[-99,0,0]' LIMIT 1 FOR UPDATE;
-- Part of a larger order
SELECT id FROM (SELECT id, v <-> '[5,5,2]' AS d FROM hnsw_scan UNION ALL SELECT -id, v <-> '[5,5,2]' FROM hnsw_scan) t ORDER BY d, id LIMIT 2;

-- An empty table, and one whose only rows are not indexed
TRUNCATE hnsw_scan;
SELECT id FROM hnsw_scan ORDER BY v <-> '[1,2,3]' LIMIT 5;
SELECT id FROM hnsw_scan ORDER BY v <-> '[1,2]' LIMIT 5;
INSERT INTO hnsw_scan VALUES (1, NULL), (2, NULL);
SELECT id FROM hnsw_scan ORDER BY v <-> '[1,2,3]' LIMIT 5;
DROP TABLE hnsw_scan;

-- Vectors that are stored out of line or compressed, as query and as row
CREATE TABLE hnsw_toasted (id int, v vector(1500));
ALTER TABLE hnsw_toasted ALTER v SET STORAGE EXTENDED;
INSERT INTO hnsw_toasted SELECT i, array_fill(i % 10, ARRAY[1500])::vector FROM generate_series(1, 10) i;
ALTER TABLE hnsw_toasted ALTER v SET STORAGE EXTERNAL;
INSERT INTO hnsw_toasted SELECT i, (SELECT array_agg((i * j) % 10) FROM generate_series(1, 1500) j)::vector FROM generate_series(11, 18) i;
CREATE INDEX ON hnsw_toasted USING hnsw (v vector_l2_ops);
INSERT INTO hnsw_toasted SELECT id + 100, v FROM hnsw_toasted;
SELECT count(*) FILTER (WHERE n.v = q.v) AS itself, count(*) FROM hnsw_toasted q, LATERAL (SELECT v FROM hnsw_toasted ORDER BY v <-> q.v LIMIT 2) n;
-- A scan that begins anew a thousand times needs no more memory than once.
CREATE FUNCTION hnsw_scan_memory(after int) RETURNS bigint VOLATILE LANGUAGE sql AS
  $$ SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts WHERE (name, ident) = ('index scan', 'hnsw') AND after > 0 $$;
SELECT max(memory) < 2 * min(memory) AS constant FROM (
  SELECT hnsw_scan_memory(n.id) AS memory FROM generate_series(1, 30) r, hnsw_toasted q, LATERAL (SELECT id FROM hnsw_toasted ORDER BY v <-> q.v LIMIT r * 0 + 1) n OFFSET 0) t;
DROP FUNCTION hnsw_scan_memory;
DROP TABLE hnsw_toasted;
