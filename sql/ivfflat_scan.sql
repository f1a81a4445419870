-- Probes, iterative scans, cursors, joins
SET enable_seqscan = off;
SET jit = off;
CREATE TABLE ivfflat_scan (id int, v vector(2), g int);
-- Five groups of twenty, far from each other; each becomes a list.
INSERT INTO ivfflat_scan SELECT i, ARRAY[i % 5 * 1000, i / 5]::vector, i % 3 FROM generate_series(0, 99) i;
CREATE INDEX ivfflat_scan_index ON ivfflat_scan USING ivfflat (v) WITH (lists = 5);
SELECT lists, rows, imbalance FROM vectorx_index_stats('ivfflat_scan_index');
SELECT count(*), min(v::text), max(id % 5) FROM (SELECT * FROM ivfflat_scan ORDER BY v <-> '[0,0]' LIMIT 100) t;
SET ivfflat.probes = 3;
SELECT count(*), max(id % 5) FROM (SELECT * FROM ivfflat_scan ORDER BY v <-> '[0,0]' LIMIT 100) t;
SET ivfflat.probes = 100;
SELECT count(*) FROM (SELECT * FROM ivfflat_scan ORDER BY v <-> '[0,0]' LIMIT 100) t;
-- An iterative scan goes on until there are enough rows, or max_probes are read.
SET ivfflat.probes = 1;
SELECT count(*) FROM (SELECT * FROM ivfflat_scan WHERE id % 5 = 3 ORDER BY v <-> '[0,0]' LIMIT 3) t;
SET ivfflat.iterative_scan = relaxed_order;
SELECT id FROM ivfflat_scan WHERE id % 5 = 3 ORDER BY v <-> '[0,0]' LIMIT 3;
SELECT count(*) FROM (SELECT * FROM ivfflat_scan ORDER BY v <-> '[0,0]' LIMIT 100) t;
SET ivfflat.max_probes = 3;
SELECT count(*) FROM (SELECT * FROM ivfflat_scan WHERE id % 5 = 3 ORDER BY v <-> '[0,0]' LIMIT 3) t;
SELECT count(*) FROM (SELECT * FROM ivfflat_scan ORDER BY v <-> '[0,0]' LIMIT 100) t;
-- Where it is less than probes, that counts.
SET ivfflat.probes = 4;
SET ivfflat.max_probes = 2;
SELECT count(*) FROM (SELECT * FROM ivfflat_scan ORDER BY v <-> '[0,0]' LIMIT 100) t;
RESET ivfflat.max_probes;
RESET ivfflat.probes;
RESET ivfflat.iterative_scan;
-- A scan that is begun again for each outer row
SELECT q.id, array_agg(n.id ORDER BY n.d) FROM ivfflat_scan q,
  LATERAL (SELECT id, v <-> q.v AS d FROM ivfflat_scan ORDER BY v <-> q.v LIMIT 2) n WHERE q.id IN (7, 33, 98) GROUP BY q.id ORDER BY q.id;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM ivfflat_scan ORDER BY v <-> '[2000,5]';
FETCH 3 FROM c;
DELETE FROM ivfflat_scan WHERE id = 42;
FETCH 3 FROM c;
ROLLBACK;
-- More rows than work_mem holds are sorted on disk, in the same order.
CREATE TABLE ivfflat_scan_large (id int, v vector(1));
INSERT INTO ivfflat_scan_large SELECT i, ARRAY[i * 7919 % 100003]::vector FROM generate_series(1, 20000) i;
CREATE INDEX ON ivfflat_scan_large USING ivfflat (v) WITH (lists = 3);
SET ivfflat.probes = 3;
SET work_mem = '64kB';
CREATE TEMP TABLE spilled AS SELECT row_number() OVER () AS n, id FROM (SELECT id FROM ivfflat_scan_large ORDER BY v <-> '[5000]') t;
RESET work_mem;
CREATE TEMP TABLE kept AS SELECT row_number() OVER () AS n, id FROM (SELECT id FROM ivfflat_scan_large ORDER BY v <-> '[5000]') t;
SELECT count(*), count(*) FILTER (WHERE s.id = k.id) AS same FROM spilled s JOIN kept k USING (n);
SELECT count(*) FROM (SELECT id, lag(v <-> '[5000]') OVER (ORDER BY n) > v <-> '[5000]' AS wrong FROM kept JOIN ivfflat_scan_large USING (id)) t WHERE wrong;
-- Without an order
SELECT count(*) FROM ivfflat_scan_large;
DROP TABLE ivfflat_scan, ivfflat_scan_large, spilled, kept;
