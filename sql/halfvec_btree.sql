-- Comparison operators and what the B-tree operator class makes of them.
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, halfvec_cmp(a, b) FROM (VALUES
  ('[1,2,3]'::halfvec, '[1,2,3]'::halfvec), ('[1,2,3]', '[1,2,4]'), ('[2]', '[1,9]'), ('[1,2]', '[1,2,3]'), ('[1,2,3]', '[1,2]'),
  ('[-1]', '[1]'), ('[0]', '[-0]'), ('[6e-8]', '[0]'), ('[1,2]', NULL)) t(a, b);
SELECT halfvec_lt('[1]', '[2]'), halfvec_le('[2]', '[1]'), halfvec_eq('[1]', '[1]'), halfvec_ne('[1]', '[1]'), halfvec_ge('[1]', '[1]'), halfvec_gt('[1]', '[1]');

-- A difference at every position of halfvecs of every length up to 70
SELECT d, p FROM generate_series(1, 70) d, generate_series(1, d) p,
  LATERAL (SELECT array_agg(1 ORDER BY i)::halfvec AS a, array_agg(1 + (i = p)::int - (i > p)::int ORDER BY i)::halfvec AS b FROM generate_series(1, d) i) t
  WHERE halfvec_cmp(a, b) <> -1 OR halfvec_cmp(b, a) <> 1 OR halfvec_cmp(b, b) <> 0;

CREATE TABLE halfvec_btree (v halfvec);
INSERT INTO halfvec_btree VALUES ('[3]'), (NULL), ('[1,2]'), ('[1]'), ('[-0]'), ('[0]'), ('[1,2,3]'), ('[-5,9]'), ('[1,60000]');
SELECT v FROM halfvec_btree ORDER BY v, v::text;
SELECT v FROM halfvec_btree ORDER BY v DESC NULLS LAST, v::text;
SELECT count(DISTINCT v) FROM halfvec_btree;
SELECT a.v, count(*) FROM halfvec_btree a JOIN halfvec_btree b ON a.v = b.v WHERE a.v <> '[0]' GROUP BY a.v ORDER BY a.v;
SELECT count(*) FROM halfvec_btree a JOIN halfvec_btree b ON a.v = b.v;

CREATE INDEX ON halfvec_btree (v);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM halfvec_btree WHERE v = '[1,2]';
SELECT * FROM halfvec_btree WHERE v = '[1,2]';
SELECT * FROM halfvec_btree WHERE v > '[1]' AND v <= '[1,2,3]' ORDER BY v;
SELECT * FROM halfvec_btree ORDER BY v LIMIT 1;
RESET enable_seqscan;
RESET enable_bitmapscan;
-- -0 and 0 are equal; which of them the error names is left open.
\set VERBOSITY terse
CREATE UNIQUE INDEX ON halfvec_btree (v);
\set VERBOSITY default
DELETE FROM halfvec_btree WHERE v = '[0]';
CREATE UNIQUE INDEX ON halfvec_btree (v);
INSERT INTO halfvec_btree VALUES ('[1,2]');
DROP TABLE halfvec_btree;

-- Merge join and sort over values that must be detoasted to be compared
CREATE TABLE halfvec_btree (id int, v halfvec);
INSERT INTO halfvec_btree SELECT i, (array_fill(1, ARRAY[2000]) || (i * 7) % 101)::halfvec FROM generate_series(1, 100) i;
SELECT count(*), bool_and(ordered) FROM (SELECT lag(v) OVER (ORDER BY v) < v AS ordered FROM halfvec_btree) t;
SELECT id FROM halfvec_btree ORDER BY v LIMIT 5;
DROP TABLE halfvec_btree;
