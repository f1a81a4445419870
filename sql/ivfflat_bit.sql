-- ivfflat on bit: hamming distances.
SET enable_seqscan = off;
SET jit = off;
CREATE TABLE ivfflat_bit (id int, v bit(12));
INSERT INTO ivfflat_bit VALUES (1, B'000000000000'), (2, B'000000000011'), (3, B'111111111111'), (4, NULL), (5, B'000000001111');
CREATE INDEX ivfflat_bit_index ON ivfflat_bit USING ivfflat (v bit_hamming_ops) WITH (lists = 1);
INSERT INTO ivfflat_bit VALUES (6, B'110000000000'), (7, NULL);
EXPLAIN (COSTS OFF) SELECT id FROM ivfflat_bit ORDER BY v <~> B'000000000001' LIMIT 5;
SELECT id, v <~> B'000000000001' AS distance FROM ivfflat_bit ORDER BY v <~> B'000000000001' LIMIT 10;
SELECT count(*) FROM (SELECT v FROM ivfflat_bit ORDER BY v <~> (SELECT NULL::bit(12)) LIMIT 100) t;
SELECT id FROM ivfflat_bit ORDER BY v <~> B'01' LIMIT 1;
\echo SQLSTATE :SQLSTATE
SELECT * FROM vectorx_check('ivfflat_bit_index', true);
DROP TABLE ivfflat_bit;

CREATE TABLE ivfflat_bit (id int, v bit(40));
INSERT INTO ivfflat_bit SELECT i, (i::bigint * i * 7919 * 104729 % 1099511627776)::bit(40) FROM generate_series(1, 500) i;
CREATE INDEX ivfflat_bit_index ON ivfflat_bit USING ivfflat (v bit_hamming_ops) WITH (lists = 9);
SET ivfflat.probes = 9;
SELECT count(*) FROM (SELECT id FROM ivfflat_bit ORDER BY v <~> B'0'::bit(40) LIMIT 1000) t;
WITH by_index AS MATERIALIZED (SELECT v <~> B'1'::bit(40) AS d FROM ivfflat_bit ORDER BY v <~> B'1'::bit(40) LIMIT 50)
  SELECT array_agg(d ORDER BY d) = (SELECT array_agg(d ORDER BY d) FROM (SELECT v <~> B'1'::bit(40) AS d FROM ivfflat_bit ORDER BY 1 LIMIT 50) t) AS same
  FROM by_index;
SELECT * FROM vectorx_check('ivfflat_bit_index', true);
DROP TABLE ivfflat_bit;

CREATE TABLE ivfflat_bit (v varbit(3), w bit(64001), x bit(64000));
CREATE INDEX ON ivfflat_bit USING ivfflat (v bit_hamming_ops);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON ivfflat_bit USING ivfflat (w bit_hamming_ops);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON ivfflat_bit USING ivfflat (x bit_hamming_ops);
DROP TABLE ivfflat_bit;
