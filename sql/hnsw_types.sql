-- Indexes of halfvec, bit and sparsevec columns, by every operator class: what an index that was built and then inserted
-- into and vacuumed finds, against exact search.
SET jit = off;
CREATE TABLE hnsw_types AS
  SELECT i AS id, a::halfvec(8) AS h, binary_quantize(a::vector)::bit(8) || ((i * 37 % 256)::bit(8)) || ((i * 91 % 256)::bit(8)) AS b,
         (a::vector(8))::sparsevec AS s
    FROM generate_series(1, 700) i,
         LATERAL (SELECT ARRAY[i % 17 - 8, i * 7 % 23 - 11, 0, i * i % 29 - 14, i * 31 % 37 - 18, i % 3, i / 40 - 7, i % 2]) x (a);
ALTER TABLE hnsw_types ALTER b TYPE bit(24), ALTER s TYPE sparsevec(8);

-- The ten smallest distances from each of 20 rows, by the index and without it. The cosine distance of float16 values is
-- computed from normalised ones, which are rounded once more.
CREATE FUNCTION pg_temp.compare(opclass text, col text, op text, OUT same bool, OUT by_index bool, OUT faults bigint, OUT payloads_apart bool)
LANGUAGE plpgsql AS $$
DECLARE q int; plan text; query text; approximate numeric[]; exact numeric[];
BEGIN
  EXECUTE format('CREATE TEMP TABLE indexed AS SELECT id, %I AS x FROM hnsw_types WHERE id <= 400', col);
  EXECUTE format('ALTER TABLE indexed ALTER x TYPE %s', CASE col WHEN 'h' THEN 'halfvec(8)' WHEN 'b' THEN 'bit(24)' ELSE 'sparsevec(8)' END);
  EXECUTE format('CREATE INDEX indexed_index ON indexed USING hnsw (x %s) WITH (m = 8, ef_construction = 32)', opclass);
  EXECUTE format('INSERT INTO indexed SELECT id, %I FROM hnsw_types WHERE id > 400', col);
  PERFORM set_config('hnsw.ef_search', '1000', true);
  same := true;
  by_index := true;
  FOR q IN SELECT generate_series(1, 700, 35) LOOP
    query := format('SELECT array_agg(round(d::numeric, 4)) FROM (SELECT x %s (SELECT %I FROM hnsw_types WHERE id = %s) AS d FROM indexed ORDER BY x %1$s (SELECT %2$I FROM hnsw_types WHERE id = %3$s) LIMIT 10) t', op, col, q);
    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true);
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    by_index := by_index AND plan LIKE '%indexed_index%';
    EXECUTE query INTO approximate;
    PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true);
    EXECUTE query INTO exact;
    same := same AND (SELECT bool_and(abs(a - e) <= CASE opclass WHEN 'halfvec_cosine_ops' THEN 0.001 ELSE 0 END) FROM unnest(approximate, exact) x (a, e));
  END LOOP;
  SELECT count(*) INTO faults FROM vectorx_check('indexed_index', true);
  SELECT payload_pages > 0 INTO payloads_apart FROM vectorx_index_stats('indexed_index');
  DROP TABLE indexed;
END
$$;
SELECT opclass, (pg_temp.compare(opclass, col, op)).*
  FROM (VALUES ('halfvec_l2_ops', 'h', '<->'), ('halfvec_ip_ops', 'h', '<#>'), ('halfvec_cosine_ops', 'h', '<=>'), ('halfvec_l1_ops', 'h', '<+>'),
               ('bit_hamming_ops', 'b', '<~>'), ('bit_jaccard_ops', 'b', '<%>'),
               ('sparsevec_l2_ops', 's', '<->'), ('sparsevec_ip_ops', 's', '<#>'), ('sparsevec_cosine_ops', 's', '<=>'), ('sparsevec_l1_ops', 's', '<+>')) x (opclass, col, op);

-- Sparse vectors of very different sizes: each has a slot as large as it needs, and vacuum gives it back.
SET enable_seqscan = off;
CREATE TABLE hnsw_sizes (id int, s sparsevec(5000));
CREATE FUNCTION pg_temp.sparse(i int) RETURNS sparsevec LANGUAGE sql AS
  $$ SELECT ('{' || string_agg(format('%s:%s', j * 4 + i % 4 + 1, (i * j) % 97 + 1), ',') || '}/5000')::sparsevec FROM generate_series(0, i * i % 1000) j $$;
INSERT INTO hnsw_sizes SELECT i, pg_temp.sparse(i) FROM generate_series(1, 150) i;
CREATE INDEX hnsw_sizes_index ON hnsw_sizes USING hnsw (s sparsevec_l2_ops);
INSERT INTO hnsw_sizes SELECT i, pg_temp.sparse(i) FROM generate_series(151, 300) i;
SELECT * FROM vectorx_check('hnsw_sizes_index', true);
SELECT count(*) FROM generate_series(1, 300, 7) q WHERE q <> (SELECT id FROM hnsw_sizes ORDER BY s <-> pg_temp.sparse(q) LIMIT 1);
SELECT pages FROM vectorx_index_stats('hnsw_sizes_index') \gset before_
DELETE FROM hnsw_sizes WHERE id % 2 = 0;
VACUUM hnsw_sizes;
INSERT INTO hnsw_sizes SELECT i, pg_temp.sparse(i) FROM generate_series(2, 300, 2) i;
SELECT * FROM vectorx_check('hnsw_sizes_index', true);
SELECT pages = :before_pages AS as_large_as_before, nodes, rows FROM vectorx_index_stats('hnsw_sizes_index');

-- Limits
INSERT INTO hnsw_sizes VALUES (0, (SELECT ('{' || string_agg(j || ':1', ',') || '}/5000')::sparsevec FROM generate_series(1, 1000) j));
INSERT INTO hnsw_sizes VALUES (0, (SELECT ('{' || string_agg(j || ':1', ',') || '}/5000')::sparsevec FROM generate_series(1, 1001) j));
\echo SQLSTATE :SQLSTATE
-- A query may have more.
SELECT id FROM hnsw_sizes ORDER BY s <-> (SELECT ('{' || string_agg(j || ':1', ',') || '}/5000')::sparsevec FROM generate_series(1, 1001) j) LIMIT 1;
SELECT id FROM hnsw_sizes ORDER BY s <-> '{1:1}/4' LIMIT 1;
\echo SQLSTATE :SQLSTATE
DROP TABLE hnsw_sizes;
CREATE TABLE hnsw_limits (h halfvec(4000), b bit(64000), s sparsevec(1000000000), h1 halfvec(4001), b1 bit(64001), s1 sparsevec, h2 halfvec(2), b2 bit varying(3));
CREATE INDEX ON hnsw_limits USING hnsw (h halfvec_l2_ops);
CREATE INDEX ON hnsw_limits USING hnsw (b bit_hamming_ops);
CREATE INDEX ON hnsw_limits USING hnsw (s sparsevec_l2_ops);
INSERT INTO hnsw_limits (h, b, s) SELECT array_agg(i % 7)::halfvec, repeat('01', 32000)::bit(64000), '{1:1,1000000000:2}/1000000000' FROM generate_series(1, 4000) i;
INSERT INTO hnsw_limits (h, b, s) SELECT array_agg(i % 9)::halfvec, repeat('0011', 16000)::bit(64000), '{}/1000000000' FROM generate_series(1, 4000) i;
SELECT count(*) FROM (SELECT 1 FROM hnsw_limits ORDER BY h <-> (SELECT h FROM hnsw_limits LIMIT 1)) x;
SELECT b <~> repeat('01', 32000)::bit(64000) FROM hnsw_limits ORDER BY b <~> repeat('01', 32000)::bit(64000);
SELECT s FROM hnsw_limits ORDER BY s <-> '{1:1}/1000000000';
CREATE INDEX ON hnsw_limits USING hnsw (h1 halfvec_l2_ops) WITH (storage = plain);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON hnsw_limits USING hnsw (b1 bit_hamming_ops);
CREATE INDEX ON hnsw_limits USING hnsw (s1 sparsevec_l2_ops);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON hnsw_limits USING hnsw (b2 bit_hamming_ops);
\echo SQLSTATE :SQLSTATE
SELECT 1 FROM hnsw_limits ORDER BY b <~> '101' LIMIT 1;
DROP TABLE hnsw_limits;

-- Expression indexes as applications write them, with re-ranking by the column itself.
CREATE TABLE hnsw_expressions AS SELECT i AS id, ARRAY[sin(i), cos(i * 3), sin(i * 5), cos(i * 7), sin(i * 11), cos(i * 13), sin(i * 17), cos(i * 19)]::vector(8) AS v FROM generate_series(1, 500) i;
CREATE INDEX ON hnsw_expressions USING hnsw ((v::halfvec(8)) halfvec_l2_ops);
CREATE INDEX ON hnsw_expressions USING hnsw ((binary_quantize(v)::bit(8)) bit_hamming_ops);
CREATE INDEX ON hnsw_expressions USING hnsw ((subvector(v, 1, 4)::vector(4)) vector_cosine_ops);
EXPLAIN (COSTS OFF) SELECT id FROM hnsw_expressions ORDER BY v::halfvec(8) <-> '[0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8]' LIMIT 3;
SELECT id FROM hnsw_expressions ORDER BY v::halfvec(8) <-> (SELECT v::halfvec(8) FROM hnsw_expressions WHERE id = 77) LIMIT 1;
EXPLAIN (COSTS OFF) SELECT id FROM (SELECT id, v FROM hnsw_expressions ORDER BY binary_quantize(v)::bit(8) <~> binary_quantize('[1,-2,3,4,5,-6,7,8]'::vector) LIMIT 40) c ORDER BY v <-> '[1,-2,3,4,5,-6,7,8]' LIMIT 3;
SELECT id FROM hnsw_expressions ORDER BY subvector(v, 1, 4)::vector(4) <=> (SELECT subvector(v, 1, 4) FROM hnsw_expressions WHERE id = 99) LIMIT 1;
DROP TABLE hnsw_expressions, hnsw_types;
