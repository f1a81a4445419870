-- storage = quantized: codes in the index, exact order from the table
\set VERBOSITY terse
SET client_min_messages = warning;
-- Not in SQL, which would be inlined and evaluated for each row.
CREATE FUNCTION random_vector(dim int, key int) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  RETURN (SELECT array_agg(sin(key * 12.9898 + i * 78.233)::real * cos(key * i * 0.37)::real ORDER BY i)::vector FROM generate_series(1, dim) i);
END $$;
CREATE TABLE quantized (id int PRIMARY KEY, v vector(96), h halfvec(96));
INSERT INTO quantized SELECT i, v, v FROM generate_series(1, 1200) i, random_vector(96, i) v;

-- the default, from 64 dimensions on, where codes can be
CREATE TABLE defaults (small vector(63), v vector(64), h halfvec(64), b bit(64), s sparsevec(64));
CREATE INDEX small ON defaults USING hnsw (small vector_l2_ops);
CREATE INDEX large ON defaults USING hnsw (v vector_l2_ops);
CREATE INDEX half ON defaults USING hnsw (h halfvec_cosine_ops);
CREATE INDEX taxicab ON defaults USING hnsw (v vector_l1_ops);
CREATE INDEX bits ON defaults USING hnsw (b bit_hamming_ops);
CREATE INDEX sparse ON defaults USING hnsw (s sparsevec_l2_ops);
CREATE INDEX plain ON defaults USING hnsw (v vector_l2_ops) WITH (storage = plain);
CREATE INDEX asked ON defaults USING hnsw (small vector_l2_ops) WITH (storage = quantized);
SELECT name, (vectorx_index_stats(name::regclass)).storage
  FROM unnest(ARRAY['small', 'large', 'half', 'taxicab', 'bits', 'sparse', 'plain', 'asked']) name;
\set VERBOSITY default
CREATE INDEX ON defaults USING hnsw (v vector_l1_ops) WITH (storage = quantized);
CREATE INDEX ON defaults USING hnsw (b bit_jaccard_ops) WITH (storage = quantized);
CREATE INDEX ON defaults USING hnsw (v vector_l2_ops) WITH (storage = colour);
\set VERBOSITY terse
DROP TABLE defaults;

-- every operator class: the rows of an exact search, in its order
CREATE FUNCTION differences(index_definition text, type text, operator text, filter text DEFAULT 'true')
  RETURNS TABLE (queries int, missing bigint, unsorted bigint) LANGUAGE plpgsql AS $$
DECLARE
  query text := format('SELECT id, d, lag(d) OVER () before FROM (SELECT id, %s %s $1::%s d FROM quantized WHERE %s ORDER BY 2 LIMIT 10) q',
                       CASE type WHEN 'vector' THEN 'v' ELSE 'h' END, operator, type, filter);
  q vector;
  farthest float8;
BEGIN
  EXECUTE 'CREATE INDEX quantized_index ON quantized ' || index_definition;
  queries := 0; missing := 0; unsorted := 0;
  FOR i IN 1..40 LOOP
    q := random_vector(96, 5000 + i);
    PERFORM set_config('enable_indexscan', 'off', true);
    EXECUTE format('SELECT max(d) FROM (%s) f', query) INTO farthest USING q::text;
    PERFORM set_config('enable_indexscan', 'on', true), set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true);
    EXECUTE format('SELECT $2 + 10 - count(*) FILTER (WHERE d <= $4), $3 + count(*) FILTER (WHERE d < before) FROM (%s) f', query)
      INTO missing, unsorted USING q::text, missing, unsorted, farthest;
    queries := queries + 1;
  END LOOP;
  DROP INDEX quantized_index;
  RETURN NEXT;
END $$;
SET hnsw.ef_search = 200;
SELECT * FROM differences('USING hnsw (v vector_l2_ops)', 'vector', '<->');
SELECT * FROM differences('USING hnsw (v vector_cosine_ops)', 'vector', '<=>');
SELECT * FROM differences('USING hnsw (v vector_ip_ops)', 'vector', '<#>');
SELECT * FROM differences('USING hnsw (h halfvec_l2_ops)', 'halfvec', '<->');
SELECT * FROM differences('USING hnsw (h halfvec_cosine_ops)', 'halfvec', '<=>');
SELECT * FROM differences('USING hnsw (h halfvec_ip_ops)', 'halfvec', '<#>');
SELECT * FROM differences('USING hnsw (v vector_l2_ops) WHERE id % 3 = 0', 'vector', '<->', 'id % 3 = 0');

-- expressions are evaluated on the rows that are re-ranked
SET enable_seqscan = off;
CREATE INDEX quantized_expression ON quantized USING hnsw ((subvector(v, 1, 64)::vector(64)) vector_cosine_ops);
SELECT (vectorx_index_stats('quantized_expression')).storage;
SET enable_sort = off;
SET plan_cache_mode = force_generic_plan;
PREPARE nearest (vector) AS SELECT id FROM quantized ORDER BY subvector(v, 1, 64)::vector(64) <=> $1 LIMIT 5;
EXPLAIN (COSTS off) EXECUTE nearest (NULL);
DEALLOCATE nearest;
RESET plan_cache_mode;
SELECT id FROM quantized ORDER BY subvector(v, 1, 64)::vector(64) <=> (SELECT subvector(v, 1, 64) FROM quantized WHERE id = 7) LIMIT 1;
DROP INDEX quantized_expression;

-- an index that begins empty, with all rows far from the origin
CREATE TABLE grown (id int, v vector(96));
CREATE INDEX grown_index ON grown USING hnsw (v vector_l2_ops);
SELECT id FROM grown ORDER BY v <-> (SELECT v FROM quantized WHERE id = 1) LIMIT 1;
INSERT INTO grown SELECT id, v + array_fill(1000, ARRAY[96])::vector FROM quantized WHERE id <= 500;
SELECT count(*) FROM vectorx_check('grown_index', true);
SELECT count(*) FROM generate_series(1, 500, 25) i
  WHERE i = (SELECT id FROM grown ORDER BY v <-> (SELECT v FROM grown WHERE id = i) LIMIT 1);

-- a vector far from all others, which is in the sample that the centre is taken from
CREATE TABLE outlier (id int, v vector(96));
INSERT INTO outlier SELECT id, v FROM quantized WHERE id <= 500;
INSERT INTO outlier VALUES (0, array_fill(1e6, ARRAY[96])::vector);
CREATE INDEX ON outlier USING hnsw (v vector_l2_ops);
SELECT count(*) FROM generate_series(0, 500, 25) i
  WHERE i = (SELECT id FROM outlier ORDER BY v <-> (SELECT v FROM outlier WHERE id = i) LIMIT 1);
-- vectors whose squares vanish, or overflow: in order all the same
TRUNCATE outlier;
INSERT INTO outlier SELECT i, array_fill(i * power(10::float8, e), ARRAY[96])::vector FROM generate_series(1, 20) i, (VALUES (-26), (30)) p(e);
SELECT count(*), count(*) FILTER (WHERE d < before) AS unsorted
  FROM (SELECT d, lag(d) OVER () before FROM
         (SELECT v <-> array_fill(0, ARRAY[96])::vector d FROM outlier ORDER BY 1 LIMIT 40) f) g;
DROP TABLE outlier;

-- clusters far from each other, in which codes cannot tell neighbours apart: plain, unless asked otherwise
CREATE TABLE clusters (id int, v vector(96));
INSERT INTO clusters SELECT id, (SELECT array_agg(id % 2 * 20 + hashint4(id * 1000 + i) / 2147483648.0 ORDER BY i) FROM generate_series(1, 96) i)::real[]::vector
  FROM generate_series(1, 500) id;
CREATE INDEX clusters_default ON clusters USING hnsw (v vector_l2_ops);
CREATE INDEX clusters_asked ON clusters USING hnsw (v vector_l2_ops) WITH (storage = quantized);
SELECT (vectorx_index_stats('clusters_default')).storage, (vectorx_index_stats('clusters_asked')).storage;
DROP TABLE clusters;

-- equal rows, deleted rows, rows of other transactions
INSERT INTO grown SELECT 1000 + i, (SELECT v FROM grown WHERE id = 7) FROM generate_series(1, 60) i;
DELETE FROM grown WHERE id BETWEEN 1001 AND 1030;
SELECT count(*), min(id), max(id) FILTER (WHERE id < 1000) equal, max(id)
  FROM (SELECT id FROM grown ORDER BY v <-> (SELECT v FROM grown WHERE id = 7) LIMIT 31) f;
UPDATE grown SET v = (SELECT v FROM grown WHERE id = 8) WHERE id = 7;
SELECT count(*) FILTER (WHERE id >= 1000) FROM (SELECT id FROM grown ORDER BY v <-> (SELECT v FROM grown WHERE id = 1031) LIMIT 30) f;
VACUUM grown;
SELECT count(*) FROM vectorx_check('grown_index', true);
SELECT count(*) FILTER (WHERE id >= 1000) FROM (SELECT id FROM grown ORDER BY v <-> (SELECT v FROM grown WHERE id = 1031) LIMIT 30) f;

-- iterative scans: every row that the filter keeps, in order
SET hnsw.ef_search = 10;
SET hnsw.iterative_scan = strict_order;
SELECT count(*), count(*) FILTER (WHERE d < before) AS unsorted
  FROM (SELECT d, lag(d) OVER () before FROM
         (SELECT v <-> (SELECT v FROM grown WHERE id = 3) d FROM grown WHERE id % 50 = 0 ORDER BY 1 LIMIT 10) f) g;
SET hnsw.iterative_scan = relaxed_order;
SELECT count(*) FROM (SELECT id FROM grown WHERE id % 50 = 0 ORDER BY v <-> (SELECT v FROM grown WHERE id = 3) LIMIT 12) f;
RESET hnsw.iterative_scan;

-- NULL and zero queries; zero vectors are not indexed for the cosine distance
SELECT count(*) FROM (SELECT id FROM grown ORDER BY v <-> NULL LIMIT 5) f;
CREATE INDEX quantized_cosine ON quantized USING hnsw (v vector_cosine_ops);
INSERT INTO quantized VALUES (0, array_fill(0, ARRAY[96])::vector);
SELECT count(*) FROM (SELECT id FROM quantized ORDER BY v <=> array_fill(0, ARRAY[96])::vector LIMIT 5) f;
SELECT count(*) FROM vectorx_check('quantized_cosine', true);

-- more dimensions than plain storage has room for
CREATE TABLE wide (id int, v vector(16000), h halfvec(16000));
INSERT INTO wide SELECT i, v, v FROM generate_series(1, 20) i, random_vector(16000, i) v;
CREATE INDEX wide_v ON wide USING hnsw (v vector_l2_ops);
CREATE INDEX wide_h ON wide USING hnsw (h halfvec_cosine_ops);
INSERT INTO wide SELECT i, v, v FROM generate_series(21, 30) i, random_vector(16000, i) v;
SELECT count(*) FROM generate_series(1, 30) i WHERE i = (SELECT id FROM wide ORDER BY v <-> (SELECT v FROM wide WHERE id = i) LIMIT 1);
SELECT count(*) FROM generate_series(1, 30) i WHERE i = (SELECT id FROM wide ORDER BY h <=> (SELECT h FROM wide WHERE id = i) LIMIT 1);
SELECT count(*) FROM vectorx_check('wide_v', true);
SELECT count(*) FROM vectorx_check('wide_h', true);

-- numbers that overflow lead to no error and no lost row
CREATE TABLE huge (id int, v vector(64));
CREATE INDEX huge_index ON huge USING hnsw (v vector_l2_ops);
INSERT INTO huge SELECT i, array_fill(i * 1e37, ARRAY[64])::vector FROM generate_series(-30, 30) i;
SET hnsw.ef_search = 100;
SELECT count(*) FROM (SELECT id FROM huge ORDER BY v <-> array_fill(0, ARRAY[64])::vector LIMIT 100) f;
SELECT count(*) FROM vectorx_check('huge_index', true);

-- vectors of one direction, whose distances differ by rounding alone, in one node and in different ones; all are found, though
-- order is promised
CREATE FUNCTION scaled(dim int) RETURNS TABLE (nodes int, fewest bigint, strict_fewest bigint) LANGUAGE plpgsql AS $$
DECLARE
  query text := 'SELECT min(n) FROM generate_series(1, 20) i, LATERAL (SELECT count(*) n FROM (SELECT v FROM scaled ORDER BY v <=> random_vector($1, 7000 + i) LIMIT 500) f) g';
BEGIN
  EXECUTE format('CREATE TABLE scaled (v vector(%s))', dim);
  INSERT INTO scaled SELECT (SELECT array_agg(x * (i * 0.37)::real) FROM unnest(random_vector(dim, 1)::real[]) x)::vector FROM generate_series(1, 300) i;
  CREATE INDEX scaled_index ON scaled USING hnsw (v vector_cosine_ops) WITH (storage = quantized);
  nodes := (vectorx_index_stats('scaled_index')).nodes;
  PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true), set_config('hnsw.ef_search', '400', true);
  PERFORM set_config('hnsw.iterative_scan', 'off', true);
  EXECUTE query INTO fewest USING dim;
  PERFORM set_config('hnsw.iterative_scan', 'strict_order', true);
  EXECUTE query INTO strict_fewest USING dim;
  DROP TABLE scaled;
  RETURN NEXT;
END $$;
SELECT nodes < 100 AS shared, fewest, strict_fewest FROM scaled(3);
SELECT nodes < 100 AS shared, fewest, strict_fewest FROM scaled(96);
DROP FUNCTION scaled;
DROP TABLE quantized, grown, wide, huge;
DROP FUNCTION differences, random_vector;
