-- vector_l2_ops: what an index built from rows, and one that rows are inserted into, find by <->.
CREATE TABLE hnsw_l2 (id int PRIMARY KEY, v vector(3));
INSERT INTO hnsw_l2 VALUES (1, '[1,0,0]'), (2, '[0,2,0]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,2,5]'), (6, '[3,3,3]'), (7, '[-4,-1,-2]'), (8, '[0,0,0]');
CREATE INDEX hnsw_l2_index ON hnsw_l2 USING hnsw (v vector_l2_ops);
INSERT INTO hnsw_l2 VALUES (9, '[1,2,4]'), (10, NULL), (11, '[0,0,0]'), (12, '[1e-3,7,0]');
SET enable_seqscan = off;
SET jit = off;
EXPLAIN (COSTS OFF) SELECT id FROM hnsw_l2 ORDER BY v <-> '[1,2,3.5]' LIMIT 5;
SELECT id, round((v <-> '[1,2,3.5]')::numeric, 4) AS distance FROM hnsw_l2 ORDER BY v <-> '[1,2,3.5]' LIMIT 5;
-- The operator commutes; NULLs are not indexed.
EXPLAIN (COSTS OFF) SELECT id FROM hnsw_l2 ORDER BY '[1,2,3.5]' <-> v LIMIT 5;
SELECT count(*), count(v), array_agg(id ORDER BY id) FROM (SELECT * FROM hnsw_l2 ORDER BY v <-> '[1,2,3.5]' LIMIT 100) t;
-- Another operator's order is none of this index's.
-- From PostgreSQL 18 on, EXPLAIN also says which nodes have been disabled.
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    IF line !~ ' Disabled: ' THEN RETURN NEXT line; END IF;
  END LOOP;
END
$$;
SELECT * FROM pg_temp.plan_of('SELECT id FROM hnsw_l2 ORDER BY v <=> ''[1,2,3.5]'' LIMIT 5');
-- A query that is NULL, or zero
SELECT count(*) FROM (SELECT v FROM hnsw_l2 ORDER BY v <-> NULL::vector LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM hnsw_l2 ORDER BY v <-> (SELECT NULL::vector) LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM hnsw_l2 ORDER BY v <-> '[0,0,0]' LIMIT 100) t;
SELECT id FROM hnsw_l2 ORDER BY v <-> '[1,2]' LIMIT 1;
\echo SQLSTATE :SQLSTATE
UPDATE hnsw_l2 SET v = '[1,2,3.5]' WHERE id = 4;
DELETE FROM hnsw_l2 WHERE id = 6;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM hnsw_l2 ORDER BY v <-> '[1,2,3.5]' LIMIT 100) t;
DROP TABLE hnsw_l2;

-- Every row's nearest of a cloud, by the index and without it; ef_search covers all rows, so none may be missing.
CREATE TABLE hnsw_l2 (id int, v vector(5));
CREATE TABLE hnsw_l2_inserted (id int, v vector(5));
CREATE INDEX hnsw_l2_inserted_index ON hnsw_l2_inserted USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32);
-- Whole numbers: sums of products are exact, so that both ways order ties alike, by distance.
INSERT INTO hnsw_l2 SELECT i, ARRAY[i % 17 - 8, i * 7 % 23 - 11, i * i % 29 - 14, i * 31 % 37 - 18, i / 40 - 7]::vector
  FROM generate_series(1, 600) i;
INSERT INTO hnsw_l2_inserted SELECT * FROM hnsw_l2;
CREATE INDEX hnsw_l2_index ON hnsw_l2 USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32);
SET hnsw.ef_search = 1000;
CREATE FUNCTION pg_temp.nearest(name regclass, query int, k int, by_index bool) RETURNS numeric[] LANGUAGE plpgsql AS $$
DECLARE plan text; answer numeric[]; q vector; nearest text;
BEGIN
  PERFORM set_config('enable_indexscan', by_index::text, true), set_config('enable_seqscan', (NOT by_index)::text, true);
  SELECT v INTO q FROM hnsw_l2 WHERE id = query;
  nearest := format('SELECT round((v <-> %1$L)::numeric, 5) AS d FROM %2$s ORDER BY v <-> %1$L LIMIT %3$s', q, name, k);
  EXECUTE 'EXPLAIN (FORMAT json) ' || nearest INTO plan;
  IF (plan LIKE '%"Index Scan"%') <> by_index THEN RAISE 'unexpected plan: %', plan; END IF;
  EXECUTE format('SELECT array_agg(d) FROM (%s) t', nearest) INTO answer;
  RETURN answer;
END
$$;
SELECT t AS name, count(*) AS queries, sum(array_length(pg_temp.nearest(t, id, 600, true), 1)) AS found,
  count(*) FILTER (WHERE pg_temp.nearest(t, id, 25, true) IS DISTINCT FROM pg_temp.nearest(t, id, 25, false)) AS wrong
  FROM hnsw_l2, (VALUES ('hnsw_l2'::regclass), ('hnsw_l2_inserted')) t(t) WHERE id % 15 = 0 GROUP BY t ORDER BY t::text;
DROP TABLE hnsw_l2, hnsw_l2_inserted;
