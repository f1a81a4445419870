-- ivfflat on halfvec: what an index built from rows, and one that rows are inserted into, find.
SET enable_seqscan = off;
SET jit = off;

CREATE TABLE ivfflat_halfvec (id int, v halfvec(3));
INSERT INTO ivfflat_halfvec VALUES (1, '[1,0,0]'), (2, '[0,2,0]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,2,5]'), (6, '[3,3,3]'), (7, '[-4,-1,-2]'), (8, '[0,0,0]');
CREATE INDEX ivfflat_halfvec_index ON ivfflat_halfvec USING ivfflat (v halfvec_l2_ops) WITH (lists = 1);
INSERT INTO ivfflat_halfvec VALUES (9, '[1,2,4]'), (10, NULL), (11, '[0,0,0]'), (12, '[2,7,0]');
EXPLAIN (COSTS OFF) SELECT id FROM ivfflat_halfvec ORDER BY v <-> '[1,2,3.5]' LIMIT 5;
SELECT id, round((v <-> '[1,2,3.5]')::numeric, 4) AS distance FROM ivfflat_halfvec ORDER BY v <-> '[1,2,3.5]' LIMIT 5;
-- NULLs are not indexed, nor are zero vectors for cosine.
SELECT count(*), array_agg(id ORDER BY id) FROM (SELECT * FROM ivfflat_halfvec ORDER BY v <-> '[1,2,3.5]' LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <-> NULL::halfvec LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <-> (SELECT NULL::halfvec) LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <-> '[0,0,0]' LIMIT 100) t;
SELECT id FROM ivfflat_halfvec ORDER BY v <-> '[1,2]' LIMIT 1;
\echo SQLSTATE :SQLSTATE
UPDATE ivfflat_halfvec SET v = '[1,2,3.5]' WHERE id = 4;
DELETE FROM ivfflat_halfvec WHERE id = 6;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM ivfflat_halfvec ORDER BY v <-> '[1,2,3.5]' LIMIT 100) t;
SELECT * FROM vectorx_check('ivfflat_halfvec_index', true);
TRUNCATE ivfflat_halfvec;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <-> '[1,2,3.5]' LIMIT 100) t;
INSERT INTO ivfflat_halfvec VALUES (1, '[1,2,3]');
SELECT id FROM ivfflat_halfvec ORDER BY v <-> '[1,2,3.5]' LIMIT 5;
DROP TABLE ivfflat_halfvec;

CREATE TABLE ivfflat_halfvec (id int, v halfvec(3));
INSERT INTO ivfflat_halfvec VALUES (1, '[1,0,0]'), (2, '[0,2,0]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,2,5]'), (6, '[3,3,3]'), (7, '[-4,-1,-2]'), (8, '[0,0,0]');
CREATE INDEX ivfflat_halfvec_index ON ivfflat_halfvec USING ivfflat (v halfvec_ip_ops) WITH (lists = 1);
INSERT INTO ivfflat_halfvec VALUES (9, '[1,2,4]'), (10, NULL), (11, '[0,0,0]'), (12, '[2,7,0]');
EXPLAIN (COSTS OFF) SELECT id FROM ivfflat_halfvec ORDER BY v <#> '[1,2,3.5]' LIMIT 5;
SELECT id, round((v <#> '[1,2,3.5]')::numeric, 4) AS distance FROM ivfflat_halfvec ORDER BY v <#> '[1,2,3.5]' LIMIT 5;
-- NULLs are not indexed, nor are zero vectors for cosine.
SELECT count(*), array_agg(id ORDER BY id) FROM (SELECT * FROM ivfflat_halfvec ORDER BY v <#> '[1,2,3.5]' LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <#> NULL::halfvec LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <#> (SELECT NULL::halfvec) LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <#> '[0,0,0]' LIMIT 100) t;
SELECT id FROM ivfflat_halfvec ORDER BY v <#> '[1,2]' LIMIT 1;
\echo SQLSTATE :SQLSTATE
UPDATE ivfflat_halfvec SET v = '[1,2,3.5]' WHERE id = 4;
DELETE FROM ivfflat_halfvec WHERE id = 6;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM ivfflat_halfvec ORDER BY v <#> '[1,2,3.5]' LIMIT 100) t;
SELECT * FROM vectorx_check('ivfflat_halfvec_index', true);
TRUNCATE ivfflat_halfvec;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <#> '[1,2,3.5]' LIMIT 100) t;
INSERT INTO ivfflat_halfvec VALUES (1, '[1,2,3]');
SELECT id FROM ivfflat_halfvec ORDER BY v <#> '[1,2,3.5]' LIMIT 5;
DROP TABLE ivfflat_halfvec;

CREATE TABLE ivfflat_halfvec (id int, v halfvec(3));
INSERT INTO ivfflat_halfvec VALUES (1, '[1,0,0]'), (2, '[0,2,0]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,2,5]'), (6, '[3,3,3]'), (7, '[-4,-1,-2]'), (8, '[0,0,0]');
CREATE INDEX ivfflat_halfvec_index ON ivfflat_halfvec USING ivfflat (v halfvec_cosine_ops) WITH (lists = 1);
INSERT INTO ivfflat_halfvec VALUES (9, '[1,2,4]'), (10, NULL), (11, '[0,0,0]'), (12, '[2,7,0]');
EXPLAIN (COSTS OFF) SELECT id FROM ivfflat_halfvec ORDER BY v <=> '[1,2,3.5]' LIMIT 5;
SELECT id, round((v <=> '[1,2,3.5]')::numeric, 4) AS distance FROM ivfflat_halfvec ORDER BY v <=> '[1,2,3.5]' LIMIT 5;
-- NULLs are not indexed, nor are zero vectors for cosine.
SELECT count(*), array_agg(id ORDER BY id) FROM (SELECT * FROM ivfflat_halfvec ORDER BY v <=> '[1,2,3.5]' LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <=> NULL::halfvec LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <=> (SELECT NULL::halfvec) LIMIT 100) t;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <=> '[0,0,0]' LIMIT 100) t;
SELECT id FROM ivfflat_halfvec ORDER BY v <=> '[1,2]' LIMIT 1;
\echo SQLSTATE :SQLSTATE
UPDATE ivfflat_halfvec SET v = '[1,2,3.5]' WHERE id = 4;
DELETE FROM ivfflat_halfvec WHERE id = 6;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM ivfflat_halfvec ORDER BY v <=> '[1,2,3.5]' LIMIT 100) t;
SELECT * FROM vectorx_check('ivfflat_halfvec_index', true);
TRUNCATE ivfflat_halfvec;
SELECT count(*) FROM (SELECT v FROM ivfflat_halfvec ORDER BY v <=> '[1,2,3.5]' LIMIT 100) t;
INSERT INTO ivfflat_halfvec VALUES (1, '[1,2,3]');
SELECT id FROM ivfflat_halfvec ORDER BY v <=> '[1,2,3.5]' LIMIT 5;
DROP TABLE ivfflat_halfvec;

-- A cloud: with as many probes as lists no row may be missing, however the rows came in.
CREATE TABLE ivfflat_halfvec (id int, v halfvec(5));
CREATE TABLE ivfflat_halfvec_inserted (id int, v halfvec(5));
INSERT INTO ivfflat_halfvec SELECT i, ARRAY[i % 17 - 8, i * 7 % 23 - 11, i * i % 29 - 14, i * 31 % 37 - 18, i / 40 - 7]::halfvec FROM generate_series(1, 600) i;
CREATE INDEX ivfflat_halfvec_index ON ivfflat_halfvec USING ivfflat (v halfvec_l2_ops) WITH (lists = 13);
CREATE INDEX ON ivfflat_halfvec USING ivfflat (v halfvec_cosine_ops) WITH (lists = 13);
INSERT INTO ivfflat_halfvec_inserted SELECT * FROM ivfflat_halfvec WHERE id <= 20;
CREATE INDEX ivfflat_halfvec_inserted_index ON ivfflat_halfvec_inserted USING ivfflat (v halfvec_l2_ops) WITH (lists = 5);
INSERT INTO ivfflat_halfvec_inserted SELECT * FROM ivfflat_halfvec WHERE id > 20;
SET ivfflat.probes = 13;
CREATE FUNCTION pg_temp.nearest(name regclass, query int, k int, by_index bool) RETURNS numeric[] LANGUAGE plpgsql AS $$
DECLARE plan text; answer numeric[]; q text; nearest text;
BEGIN
  PERFORM set_config('enable_indexscan', by_index::text, true), set_config('enable_seqscan', (NOT by_index)::text, true);
  SELECT v INTO q FROM ivfflat_halfvec WHERE id = query;
  nearest := format('SELECT round((v <-> %1$L)::numeric, 5) AS d FROM %2$s ORDER BY v <-> %1$L LIMIT %3$s', q, name, k);
  EXECUTE 'EXPLAIN (FORMAT json) ' || nearest INTO plan;
  IF (plan LIKE '%"Index Scan"%') <> by_index THEN RAISE 'unexpected plan: %', plan; END IF;
  EXECUTE format('SELECT array_agg(d) FROM (%s) t', nearest) INTO answer;
  RETURN answer;
END
$$;
SELECT t AS name, count(*) AS queries, sum(array_length(pg_temp.nearest(t, id, 600, true), 1)) AS found,
  count(*) FILTER (WHERE pg_temp.nearest(t, id, 25, true) IS DISTINCT FROM pg_temp.nearest(t, id, 25, false)) AS wrong
  FROM ivfflat_halfvec, (VALUES ('ivfflat_halfvec'::regclass), ('ivfflat_halfvec_inserted')) t(t) WHERE id % 15 = 0 GROUP BY t ORDER BY t::text;
SELECT * FROM vectorx_check('ivfflat_halfvec_index', true);
SELECT * FROM vectorx_check('ivfflat_halfvec_inserted_index', true);
DROP TABLE ivfflat_halfvec, ivfflat_halfvec_inserted;
