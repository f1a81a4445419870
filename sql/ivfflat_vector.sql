-- ivfflat on vector: what an index built from rows, and one that rows are inserted into, find.
SET enable_seqscan = off;
SET jit = off;

CREATE TABLE ivfflat_vector (id int, v vector(3));
INSERT INTO ivfflat_vector VALUES (1, '[1,0,0]'), (2, '[0,2,0]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,2,5]'), (6, '[3,3,3]'), (7, '[-4,-1,-2]'), (8, '[0,0,0]');
CREATE INDEX ivfflat_vector_index ON ivfflat_vector USING ivfflat (v vector_l2_ops) WITH (lists = 1);
INSERT INTO ivfflat_vector VALUES (9, '[1,2,4]'), (10, NULL), (11, '[0,0,0]'), (12, '[2,7,0]');
EXPLAIN (COSTS OFF) SELECT id FROM ivfflat_vector ORDER BY v <-> '[1,2,3.5]' LIMIT 5;
SELECT id, round((v <-> '[1,2,3.5]')::numeric, 4) AS distance FROM ivfflat_vector ORDER BY v <-> '[1,2,3.5]' LIMIT 5;
-- NULLs are not indexed, nor are zero vectors for cosine.
SELECT count(*), array_agg(id ORDER BY id) FROM (SELECT * FROM ivfflat_vector ORDER BY v <-> '[1,2,3.5]' LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <-> NULL::vector LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <-> (SELECT NULL::vector) LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <-> '[0,0,0]' LIMIT 100) t;
SELECT id FROM ivfflat_vector ORDER BY v <-> '[1,2]' LIMIT 1;
\echo SQLSTATE :SQLSTATE
UPDATE ivfflat_vector SET v = '[1,2,3.5]' WHERE id = 4;
DELETE FROM ivfflat_vector WHERE id = 6;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM ivfflat_vector ORDER BY v <-> '[1,2,3.5]' LIMIT 100) t;
SELECT * FROM vectorx_check('ivfflat_vector_index', true);
TRUNCATE ivfflat_vector;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <-> '[1,2,3.5]' LIMIT 100) t;
INSERT INTO ivfflat_vector VALUES (1, '[1,2,3]');
SELECT id FROM ivfflat_vector ORDER BY v <-> '[1,2,3.5]' LIMIT 5;
DROP TABLE ivfflat_vector;

CREATE TABLE ivfflat_vector (id int, v vector(3));
INSERT INTO ivfflat_vector VALUES (1, '[1,0,0]'), (2, '[0,2,0]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,2,5]'), (6, '[3,3,3]'), (7, '[-4,-1,-2]'), (8, '[0,0,0]');
CREATE INDEX ivfflat_vector_index ON ivfflat_vector USING ivfflat (v vector_ip_ops) WITH (lists = 1);
INSERT INTO ivfflat_vector VALUES (9, '[1,2,4]'), (10, NULL), (11, '[0,0,0]'), (12, '[2,7,0]');
EXPLAIN (COSTS OFF) SELECT id FROM ivfflat_vector ORDER BY v <#> '[1,2,3.5]' LIMIT 5;
SELECT id, round((v <#> '[1,2,3.5]')::numeric, 4) AS distance FROM ivfflat_vector ORDER BY v <#> '[1,2,3.5]' LIMIT 5;
-- NULLs are not indexed, nor are zero vectors for cosine.
SELECT count(*), array_agg(id ORDER BY id) FROM (SELECT * FROM ivfflat_vector ORDER BY v <#> '[1,2,3.5]' LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <#> NULL::vector LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <#> (SELECT NULL::vector) LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <#> '[0,0,0]' LIMIT 100) t;
SELECT id FROM ivfflat_vector ORDER BY v <#> '[1,2]' LIMIT 1;
\echo SQLSTATE :SQLSTATE
UPDATE ivfflat_vector SET v = '[1,2,3.5]' WHERE id = 4;
DELETE FROM ivfflat_vector WHERE id = 6;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM ivfflat_vector ORDER BY v <#> '[1,2,3.5]' LIMIT 100) t;
SELECT * FROM vectorx_check('ivfflat_vector_index', true);
TRUNCATE ivfflat_vector;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <#> '[1,2,3.5]' LIMIT 100) t;
INSERT INTO ivfflat_vector VALUES (1, '[1,2,3]');
SELECT id FROM ivfflat_vector ORDER BY v <#> '[1,2,3.5]' LIMIT 5;
DROP TABLE ivfflat_vector;

CREATE TABLE ivfflat_vector (id int, v vector(3));
INSERT INTO ivfflat_vector VALUES (1, '[1,0,0]'), (2, '[0,2,0]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,2,5]'), (6, '[3,3,3]'), (7, '[-4,-1,-2]'), (8, '[0,0,0]');
CREATE INDEX ivfflat_vector_index ON ivfflat_vector USING ivfflat (v vector_cosine_ops) WITH (lists = 1);
INSERT INTO ivfflat_vector VALUES (9, '[1,2,4]'), (10, NULL), (11, '[0,0,0]'), (12, '[2,7,0]');
EXPLAIN (COSTS OFF) SELECT id FROM ivfflat_vector ORDER BY v <=> '[1,2,3.5]' LIMIT 5;
SELECT id, round((v <=> '[1,2,3.5]')::numeric, 4) AS distance FROM ivfflat_vector ORDER BY v <=> '[1,2,3.5]' LIMIT 5;
-- NULLs are not indexed, nor are zero vectors for cosine.
SELECT count(*), array_agg(id ORDER BY id) FROM (SELECT * FROM ivfflat_vector ORDER BY v <=> '[1,2,3.5]' LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <=> NULL::vector LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <=> (SELECT NULL::vector) LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <=> '[0,0,0]' LIMIT 100) t;
SELECT id FROM ivfflat_vector ORDER BY v <=> '[1,2]' LIMIT 1;
\echo SQLSTATE :SQLSTATE
UPDATE ivfflat_vector SET v = '[1,2,3.5]' WHERE id = 4;
DELETE FROM ivfflat_vector WHERE id = 6;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM ivfflat_vector ORDER BY v <=> '[1,2,3.5]' LIMIT 100) t;
SELECT * FROM vectorx_check('ivfflat_vector_index', true);
TRUNCATE ivfflat_vector;
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <=> '[1,2,3.5]' LIMIT 100) t;
INSERT INTO ivfflat_vector VALUES (1, '[1,2,3]');
SELECT id FROM ivfflat_vector ORDER BY v <=> '[1,2,3.5]' LIMIT 5;
DROP TABLE ivfflat_vector;

-- A cloud: with as many probes as lists no row may be missing, however the rows came in.
CREATE TABLE ivfflat_vector (id int, v vector(5));
CREATE TABLE ivfflat_vector_inserted (id int, v vector(5));
INSERT INTO ivfflat_vector SELECT i, ARRAY[i % 17 - 8, i * 7 % 23 - 11, i * i % 29 - 14, i * 31 % 37 - 18, i / 40 - 7]::vector FROM generate_series(1, 600) i;
CREATE INDEX ivfflat_vector_index ON ivfflat_vector USING ivfflat (v vector_l2_ops) WITH (lists = 13);
CREATE INDEX ON ivfflat_vector USING ivfflat (v vector_cosine_ops) WITH (lists = 13);
INSERT INTO ivfflat_vector_inserted SELECT * FROM ivfflat_vector WHERE id <= 20;
CREATE INDEX ivfflat_vector_inserted_index ON ivfflat_vector_inserted USING ivfflat (v vector_l2_ops) WITH (lists = 5);
INSERT INTO ivfflat_vector_inserted SELECT * FROM ivfflat_vector WHERE id > 20;
SET ivfflat.probes = 13;
CREATE FUNCTION pg_temp.nearest(name regclass, query int, k int, by_index bool) RETURNS numeric[] LANGUAGE plpgsql AS $$
DECLARE plan text; answer numeric[]; q text; nearest text;
BEGIN
  PERFORM set_config('enable_indexscan', by_index::text, true), set_config('enable_seqscan', (NOT by_index)::text, true);
  SELECT v INTO q FROM ivfflat_vector WHERE id = query;
  nearest := format('SELECT round((v <-> %1$L)::numeric, 5) AS d FROM %2$s ORDER BY v <-> %1$L LIMIT %3$s', q, name, k);
  EXECUTE 'EXPLAIN (FORMAT json) ' || nearest INTO plan;
  IF (plan LIKE '%"Index Scan"%') <> by_index THEN RAISE 'unexpected plan: %', plan; END IF;
  EXECUTE format('SELECT array_agg(d) FROM (%s) t', nearest) INTO answer;
  RETURN answer;
END
$$;
SELECT t AS name, count(*) AS queries, sum(array_length(pg_temp.nearest(t, id, 600, true), 1)) AS found,
  count(*) FILTER (WHERE pg_temp.nearest(t, id, 25, true) IS DISTINCT FROM pg_temp.nearest(t, id, 25, false)) AS wrong
  FROM ivfflat_vector, (VALUES ('ivfflat_vector'::regclass), ('ivfflat_vector_inserted')) t(t) WHERE id % 15 = 0 GROUP BY t ORDER BY t::text;
SELECT * FROM vectorx_check('ivfflat_vector_index', true);
SELECT * FROM vectorx_check('ivfflat_vector_inserted_index', true);
DROP TABLE ivfflat_vector, ivfflat_vector_inserted;

-- Values whose squares overflow, and ones far from the origin, which sums of products would lose
CREATE TABLE ivfflat_vector (id int, v vector(2));
INSERT INTO ivfflat_vector SELECT i, ARRAY[(i % 2) * 3e38, 1e30]::vector FROM generate_series(1, 40) i;
CREATE INDEX ON ivfflat_vector USING ivfflat (v vector_l2_ops) WITH (lists = 4);
SELECT count(*) FROM (SELECT v FROM ivfflat_vector ORDER BY v <-> '[0,0]' LIMIT 100) t;
TRUNCATE ivfflat_vector;
DROP INDEX ivfflat_vector_v_idx;
INSERT INTO ivfflat_vector SELECT i, ARRAY[100000 + i % 4, 100000 + i / 10]::vector FROM generate_series(1, 40) i;
CREATE INDEX ON ivfflat_vector USING ivfflat (v vector_l2_ops) WITH (lists = 16);
SET ivfflat.probes = 1;
SELECT v FROM ivfflat_vector ORDER BY v <-> '[100002,100003]' LIMIT 1;
DROP TABLE ivfflat_vector;
