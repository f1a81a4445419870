-- Comparison operators and what the B-tree operator class makes of them.
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, sparsevec_cmp(a, b) FROM (VALUES
  ('{1:1,3:2}/3'::sparsevec, '{1:1,3:2}/3'::sparsevec), ('{1:1,3:2}/3', '{1:1,3:3}/3'), ('{1:1}/3', '{2:1}/3'), ('{1:-1}/3', '{2:-1}/3'), ('{1:-1}/3', '{2:1}/3'), ('{1:1}/3', '{2:-1}/3'),
  ('{}/3', '{3:1}/3'), ('{}/3', '{3:-1}/3'), ('{1:1}/3', '{1:1,2:1}/3'), ('{1:1}/3', '{1:1,2:-1}/3'), ('{1:1,2:1}/3', '{1:1}/3'),
  ('{}/1', '{}/2'), ('{}/2', '{}/1'), ('{}/1', '{2:-1}/2'), ('{}/1', '{2:1}/2'), ('{2:-1}/2', '{}/1'), ('{}/2', '{2:-1}/2'), ('{1:1}/1', '{1:1,5:-9}/9'), ('{1:1}/5', '{1:1,5:-9}/9'),
  ('{1:1}/4', '{1:1,5:-9}/9'), ('{1:1e-45}/3', '{}/3'), ('{}/1000000000', '{1000000000:1}/1000000000'), ('{1:1}/1', NULL)) t(a, b);
SELECT sparsevec_lt('{}/1', '{}/2'), sparsevec_le('{}/2', '{}/1'), sparsevec_eq('{}/1', '{}/1'), sparsevec_ne('{}/1', '{}/1'), sparsevec_ge('{}/1', '{}/1'), sparsevec_gt('{}/1', '{}/1');

-- The order is that of the dense vectors: all pairs of those with up to four elements of -1, 0 and 1
CREATE TABLE sparsevec_btree AS SELECT array_agg(n / (3 ^ (i - 1))::int % 3 - 1 ORDER BY i)::vector AS v
  FROM generate_series(1, 4) d, LATERAL generate_series(0, (3 ^ d)::int - 1) n, generate_series(1, d) i GROUP BY d, n;
SELECT count(*), sum(sparsevec_cmp(a.v::sparsevec, b.v::sparsevec)), bool_and(sparsevec_cmp(a.v::sparsevec, b.v::sparsevec) = vector_cmp(a.v, b.v)) FROM sparsevec_btree a, sparsevec_btree b;
DROP TABLE sparsevec_btree;

CREATE TABLE sparsevec_btree (v sparsevec);
INSERT INTO sparsevec_btree VALUES ('{1:3}/1'), (NULL), ('{1:1,2:2}/2'), ('{1:1}/1'), ('{}/1'), ('{1:1,2:2,3:3}/3'), ('{1:-5,2:9}/2'), ('{2:1e38}/2'), ('{2:-1}/9');
SELECT v FROM sparsevec_btree ORDER BY v;
SELECT v FROM sparsevec_btree ORDER BY v DESC NULLS LAST;
SELECT count(DISTINCT v) FROM sparsevec_btree;
SELECT a.v, count(*) FROM sparsevec_btree a JOIN sparsevec_btree b ON a.v = b.v GROUP BY a.v ORDER BY a.v;
CREATE INDEX ON sparsevec_btree (v);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM sparsevec_btree WHERE v = '{1:1,2:2}/2';
SELECT * FROM sparsevec_btree WHERE v = '{1:1,2:2}/2';
SELECT * FROM sparsevec_btree WHERE v > '{1:1}/1' AND v <= '{1:1,2:2,3:3}/3' ORDER BY v;
SELECT * FROM sparsevec_btree ORDER BY v LIMIT 1;
RESET enable_seqscan;
RESET enable_bitmapscan;
CREATE UNIQUE INDEX ON sparsevec_btree (v);
INSERT INTO sparsevec_btree VALUES ('{2:2,1:1}/2');
DROP TABLE sparsevec_btree;

-- Merge join and sort over values that must be detoasted to be compared
CREATE TABLE sparsevec_btree (id int, v sparsevec);
INSERT INTO sparsevec_btree SELECT i, (array_fill(1, ARRAY[2000]) || (i * 7) % 101)::sparsevec FROM generate_series(1, 100) i;
SELECT count(*), bool_and(ordered) FROM (SELECT lag(v) OVER (ORDER BY v) < v AS ordered FROM sparsevec_btree) t;
SELECT id FROM sparsevec_btree ORDER BY v LIMIT 5;
DROP TABLE sparsevec_btree;
