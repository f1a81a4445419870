-- Quantized lists: results are in exact order, whatever the codes make of distances.
SET enable_seqscan = off;
SET jit = off;
CREATE TABLE ivfflat_quantized (id int, v vector(24), h halfvec(24)) WITH (autovacuum_enabled = off);
CREATE FUNCTION pg_temp.fill(first int, last int) RETURNS void LANGUAGE sql AS $$
  INSERT INTO ivfflat_quantized SELECT i, a::vector, a::halfvec FROM generate_series(first, last) i,
    LATERAL (SELECT array_agg(sin(i * 0.7 + j * j * (i % 13)) ORDER BY j) AS a FROM generate_series(1, 24) j) t
$$;
SELECT pg_temp.fill(1, 2000);
CREATE INDEX ivfflat_quantized_l2 ON ivfflat_quantized USING ivfflat (v vector_l2_ops) WITH (lists = 10, storage = quantized);
CREATE INDEX ivfflat_quantized_ip ON ivfflat_quantized USING ivfflat (v vector_ip_ops) WITH (lists = 10, storage = quantized);
CREATE INDEX ivfflat_quantized_cosine ON ivfflat_quantized USING ivfflat (v vector_cosine_ops) WITH (lists = 10, storage = quantized);
CREATE INDEX ivfflat_quantized_half ON ivfflat_quantized USING ivfflat (h halfvec_l2_ops) WITH (lists = 10, storage = quantized);
CREATE INDEX ivfflat_quantized_expression ON ivfflat_quantized USING ivfflat (((v + v)::halfvec(24)) halfvec_cosine_ops) WITH (lists = 10, storage = quantized);
SELECT storage, dimensions, rows, lists FROM vectorx_index_stats('ivfflat_quantized_l2');
SELECT pg_temp.fill(2001, 2500);
SELECT c.relname, (SELECT count(*) FROM vectorx_check(c.oid, true)) AS faults, (vectorx_index_stats(c.oid)).rows FROM pg_class c WHERE relname LIKE 'ivfflat_quantized\_%' ORDER BY 1;
-- As an exact search answers, by each operator
CREATE FUNCTION pg_temp.compare(value text, operator text, k int) RETURNS TABLE (queries int, rows int, same int, sorted int) LANGUAGE plpgsql AS $$
DECLARE q int; by_index float8[]; exact float8[]; plan text; nearest text; column_name text := CASE WHEN value LIKE '%h%' THEN 'halfvec(24)' ELSE 'vector(24)' END;
BEGIN
  queries := 0; rows := 0; same := 0; sorted := 0;
  FOR q IN 1 .. 30 LOOP
    nearest := format('SELECT %1$s %2$s (SELECT (v + v)::%4$s FROM ivfflat_quantized WHERE id = %3$s) AS d FROM ivfflat_quantized ORDER BY %1$s %2$s (SELECT (v + v)::%4$s FROM ivfflat_quantized WHERE id = %3$s) LIMIT %5$s', value, operator, q * 77, column_name, k);
    SET LOCAL ivfflat.probes = 10;
    SET LOCAL enable_indexscan = on;
    EXECUTE 'EXPLAIN (FORMAT json) ' || nearest INTO plan;
    IF plan NOT LIKE '%"Index Scan"%' THEN RAISE 'unexpected plan: %', plan; END IF;
    EXECUTE format('SELECT array_agg(d) FROM (%s) t', nearest) INTO by_index;
    SET LOCAL enable_indexscan = off;
    EXECUTE format('SELECT array_agg(d) FROM (%s) t', nearest) INTO exact;
    queries := queries + 1;
    rows := rows + array_length(by_index, 1);
    same := same + (SELECT count(*) FROM unnest(by_index, exact) t(a, b) WHERE abs(a - b) < 1e-5)::int;
    sorted := sorted + (SELECT NOT EXISTS (SELECT FROM unnest(by_index) WITH ORDINALITY a(d, n) JOIN unnest(by_index) WITH ORDINALITY b(d, n) ON b.n = a.n + 1 WHERE b.d < a.d - 1e-6))::int;
  END LOOP;
  RETURN NEXT;
END
$$;
-- Bounds hold but for a few in a thousand.
SELECT value, operator, queries, rows, same >= rows - 3 AS same, sorted >= queries - 1 AS sorted
  FROM (VALUES ('v', '<->'), ('v', '<#>'), ('v', '<=>'), ('h', '<->'), ('(v + v)::halfvec(24)', '<=>')) t(value, operator), pg_temp.compare(value, operator, 20);
SET ivfflat.probes = 10;
-- All rows, an order that does not matter, rows that nobody sees
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM ivfflat_quantized ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24]' LIMIT 10000) t;
SELECT count(*) FROM (SELECT id FROM ivfflat_quantized ORDER BY v <-> (SELECT NULL::vector(24)) LIMIT 10000) t;
BEGIN;
DELETE FROM ivfflat_quantized WHERE id > 100;
SELECT count(*) FROM (SELECT id FROM ivfflat_quantized ORDER BY v <=> (SELECT v FROM ivfflat_quantized WHERE id = 7) LIMIT 10000) t;
ROLLBACK;
SET ivfflat.probes = 1;
SET ivfflat.iterative_scan = relaxed_order;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM ivfflat_quantized ORDER BY v <-> (SELECT v FROM ivfflat_quantized WHERE id = 7) LIMIT 10000) t;
SET ivfflat.max_probes = 2;
SELECT count(*) BETWEEN 2 AND 2000 FROM (SELECT id FROM ivfflat_quantized ORDER BY v <-> (SELECT v FROM ivfflat_quantized WHERE id = 7) LIMIT 10000) t;
RESET ivfflat.max_probes;
RESET ivfflat.iterative_scan;
SELECT q.id, array_agg(n.id ORDER BY n.d) FROM (VALUES (1), (500), (2400)) q(id), LATERAL (SELECT id, v <-> (SELECT v FROM ivfflat_quantized i WHERE i.id = q.id) AS d FROM ivfflat_quantized ORDER BY v <-> (SELECT v FROM ivfflat_quantized i WHERE i.id = q.id) LIMIT 1) n GROUP BY q.id ORDER BY q.id;
-- Vacuum leaves gaps that inserts fill, and frees pages.
SELECT pg_relation_size('ivfflat_quantized_l2') AS size \gset
DELETE FROM ivfflat_quantized WHERE id % 3 = 0;
VACUUM ivfflat_quantized;
SELECT c.relname, (SELECT count(*) FROM vectorx_check(c.oid, true)) AS faults, (vectorx_index_stats(c.oid)).rows FROM pg_class c WHERE relname LIKE 'ivfflat_quantized\_%' ORDER BY 1;
SELECT pg_temp.fill(3001, 3800);
SELECT pg_relation_size('ivfflat_quantized_l2') <= :size + 2 * 8192 AS no_larger;
SELECT count(*) FROM vectorx_check('ivfflat_quantized_l2', true);
DELETE FROM ivfflat_quantized;
VACUUM ivfflat_quantized;
SELECT rows, list_pages, payload_pages, unused_pages > 10 AS unused FROM vectorx_index_stats('ivfflat_quantized_l2');
SELECT count(*) FROM vectorx_check('ivfflat_quantized_l2', true);
SELECT pg_temp.fill(1, 2500);
SELECT pg_relation_size('ivfflat_quantized_l2') <= :size + 2 * 8192 AS no_larger;
SELECT count(*) FROM vectorx_check('ivfflat_quantized_l2', true);
SELECT value, operator, rows, same >= rows - 3 AS same FROM (VALUES ('v', '<->'), ('v', '<#>'), ('v', '<=>')) t(value, operator), pg_temp.compare(value, operator, 20);
DROP TABLE ivfflat_quantized;

-- Built from nothing; few dimensions, many, and equal vectors; values that overflow
CREATE TABLE ivfflat_quantized (a vector(1), b vector(1920), c halfvec(3), d vector(4));
CREATE INDEX ivfflat_quantized_a ON ivfflat_quantized USING ivfflat (a vector_l2_ops) WITH (storage = quantized);
CREATE INDEX ivfflat_quantized_b ON ivfflat_quantized USING ivfflat (b vector_cosine_ops) WITH (storage = quantized);
CREATE INDEX ivfflat_quantized_c ON ivfflat_quantized USING ivfflat (c halfvec_ip_ops) WITH (storage = quantized);
CREATE INDEX ivfflat_quantized_d ON ivfflat_quantized USING ivfflat (d vector_l2_ops) WITH (storage = quantized);
INSERT INTO ivfflat_quantized SELECT ARRAY[i]::vector, (SELECT array_agg((i * j) % 97 + 1) FROM generate_series(1, 1920) j)::vector, '[1,2,3]', ARRAY[i % 2 * 3e38, 1, i, -3e38]::vector FROM generate_series(1, 60) i;
SET client_min_messages = warning;
REINDEX TABLE ivfflat_quantized;
RESET client_min_messages;
SET ivfflat.probes = 100;
SELECT a FROM ivfflat_quantized ORDER BY a <-> '[7.4]' LIMIT 3;
SELECT a FROM ivfflat_quantized ORDER BY b <=> (SELECT b FROM ivfflat_quantized WHERE a = '[5]') LIMIT 1;
SELECT count(*) FROM (SELECT c FROM ivfflat_quantized ORDER BY c <#> '[1,0,0]' LIMIT 100) t;
SELECT count(*) FROM (SELECT d FROM ivfflat_quantized ORDER BY d <-> '[1,0,0,0]' LIMIT 100) t;
SELECT count(*) FROM (SELECT d FROM ivfflat_quantized ORDER BY d <-> '[3e38,3e38,3e38,3e38]' LIMIT 100) t;
SELECT (SELECT count(*) FROM vectorx_check(c.oid, true)) AS faults FROM pg_class c WHERE relname LIKE 'ivfflat_quantized\_%';
DROP TABLE ivfflat_quantized;
CREATE UNLOGGED TABLE ivfflat_quantized (a vector(3), b bit(3), c vector(2001));
CREATE INDEX ON ivfflat_quantized USING ivfflat (a vector_l2_ops) WITH (storage = quantized);
CREATE INDEX ON ivfflat_quantized USING ivfflat (b bit_hamming_ops) WITH (storage = quantized);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON ivfflat_quantized USING ivfflat (c vector_l2_ops) WITH (storage = plain);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON ivfflat_quantized USING ivfflat (a vector_l2_ops) WITH (storage = compressed);
\echo SQLSTATE :SQLSTATE
DROP TABLE ivfflat_quantized;

-- More dimensions than a block of codes, or a centroid, has room for in a page: built, inserted, vacuumed, unlogged
CREATE TABLE ivfflat_quantized (id int, a vector(1921), b halfvec(2039), c vector(16000)) WITH (autovacuum_enabled = off);
CREATE FUNCTION pg_temp.wide(i int, dim int) RETURNS float4[] LANGUAGE sql AS $$ SELECT array_agg(sin(i * 1.3 + j * (i % 11 + 1) * 0.37) ORDER BY j)::float4[] FROM generate_series(1, dim) j $$;
INSERT INTO ivfflat_quantized SELECT i, pg_temp.wide(i, 1921)::vector, pg_temp.wide(i, 2039)::halfvec, pg_temp.wide(i, 16000)::vector FROM generate_series(1, 70) i;
CREATE INDEX ivfflat_quantized_a ON ivfflat_quantized USING ivfflat (a vector_l2_ops) WITH (lists = 2, storage = quantized);
CREATE INDEX ivfflat_quantized_b ON ivfflat_quantized USING ivfflat (b halfvec_cosine_ops) WITH (lists = 2, storage = quantized);
CREATE INDEX ivfflat_quantized_c ON ivfflat_quantized USING ivfflat (c vector_ip_ops) WITH (lists = 2, storage = quantized);
INSERT INTO ivfflat_quantized SELECT i, pg_temp.wide(i, 1921)::vector, pg_temp.wide(i, 2039)::halfvec, pg_temp.wide(i, 16000)::vector FROM generate_series(71, 140) i;
SELECT c.relname, (SELECT count(*) FROM vectorx_check(c.oid, true)) AS faults, s.dimensions, s.rows, s.lists, s.list_pages >= 5 AND s.list_pages % CASE s.dimensions WHEN 16000 THEN 8 ELSE 2 END = 0 AS more FROM pg_class c, vectorx_index_stats(c.oid) s WHERE relname LIKE 'ivfflat_quantized\_%' ORDER BY 1;
CREATE FUNCTION pg_temp.same(value text, operator text) RETURNS TABLE (rows int, same int) LANGUAGE plpgsql AS $$
DECLARE by_index float8[]; exact float8[]; nearest text; plan text;
BEGIN
  rows := 0; same := 0;
  FOR q IN 1 .. 10 LOOP
    nearest := format('SELECT array_agg(d) FROM (SELECT %1$s %2$s (SELECT %1$s FROM ivfflat_quantized WHERE id = %3$s) AS d FROM ivfflat_quantized ORDER BY %1$s %2$s (SELECT %1$s FROM ivfflat_quantized WHERE id = %3$s) LIMIT 10) t', value, operator, q * 13);
    SET LOCAL enable_indexscan = on;
    EXECUTE 'EXPLAIN (FORMAT json) ' || nearest INTO plan;
    IF plan NOT LIKE '%"Index Scan"%' THEN RAISE 'unexpected plan: %', plan; END IF;
    EXECUTE nearest INTO by_index;
    SET LOCAL enable_indexscan = off;
    EXECUTE nearest INTO exact;
    rows := rows + array_length(by_index, 1);
    same := same + (SELECT count(*) FROM unnest(by_index, exact) t(a, b) WHERE abs(a - b) <= 1e-5 * (1 + abs(b)))::int;
  END LOOP;
  RETURN NEXT;
END
$$;
SELECT value, operator, rows, same >= rows - 1 AS same FROM (VALUES ('a', '<->'), ('b', '<=>'), ('c', '<#>')) t(value, operator), pg_temp.same(value, operator);
DELETE FROM ivfflat_quantized WHERE id > 10;
VACUUM ivfflat_quantized;
SELECT c.relname, (SELECT count(*) FROM vectorx_check(c.oid, true)) AS faults, s.rows, s.unused_pages > 0 AS unused FROM pg_class c, vectorx_index_stats(c.oid) s WHERE relname LIKE 'ivfflat_quantized\_%' ORDER BY 1;
SELECT pg_relation_size('ivfflat_quantized_c') AS size \gset
INSERT INTO ivfflat_quantized SELECT i, pg_temp.wide(i, 1921)::vector, pg_temp.wide(i, 2039)::halfvec, pg_temp.wide(i, 16000)::vector FROM generate_series(11, 140) i;
SELECT pg_relation_size('ivfflat_quantized_c') <= :size AS no_larger;
SELECT (SELECT count(*) FROM vectorx_check(c.oid, true)) AS faults FROM pg_class c WHERE relname LIKE 'ivfflat_quantized\_%';
SELECT value, operator, rows, same >= rows - 1 AS same FROM (VALUES ('a', '<->'), ('b', '<=>'), ('c', '<#>')) t(value, operator), pg_temp.same(value, operator);
DROP TABLE ivfflat_quantized;

-- More entries than work_mem has room for: lists are read again for those that were dropped, each comes once, in order.
CREATE TABLE ivfflat_quantized (id int, v vector(8)) WITH (autovacuum_enabled = off);
INSERT INTO ivfflat_quantized SELECT i, (SELECT array_agg(sin(i * 0.7 + j * j * (i % 13)) ORDER BY j) FROM generate_series(1, 8) j)::vector FROM generate_series(1, 12000) i;
-- Equal ones as well, as many as are kept and more
INSERT INTO ivfflat_quantized SELECT i, '[0,0,0,1,0,0,0,0]' FROM generate_series(12001, 20000) i;
CREATE INDEX ivfflat_quantized_index ON ivfflat_quantized USING ivfflat (v vector_l2_ops) WITH (lists = 4, storage = quantized);
SET work_mem = '64kB';
SET ivfflat.probes = 4;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM ivfflat_quantized ORDER BY v <-> (SELECT NULL::vector(8)) LIMIT 100000) t;
SET ivfflat.iterative_scan = relaxed_order;
SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE d < before - 1e-6) <= 20 AS in_order FROM (SELECT id, d, lag(d) OVER () AS before FROM (SELECT id, v <-> '[1,0,0,0,1,0,0,0]' AS d FROM ivfflat_quantized ORDER BY v <-> '[1,0,0,0,1,0,0,0]' LIMIT 100000) t) t;
SET ivfflat.probes = 1;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM ivfflat_quantized ORDER BY v <-> '[1,0,0,0,1,0,0,0]' LIMIT 100000) t;
RESET ivfflat.iterative_scan;
RESET work_mem;
DROP TABLE ivfflat_quantized;
