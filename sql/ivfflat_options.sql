-- Storage parameters, settings, and what CREATE INDEX refuses
CREATE TABLE ivfflat_options (v vector(3), w vector, x vector(2001), y vector(2000), h halfvec(4001), i halfvec(4000), o vector(1));
CREATE INDEX ON ivfflat_options USING ivfflat (v) WITH (lists = 0);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON ivfflat_options USING ivfflat (v) WITH (lists = 32769);
CREATE INDEX ON ivfflat_options USING ivfflat (v) WITH (probes = 1);
CREATE INDEX ON ivfflat_options USING ivfflat (v) WITH (lists = 32768);
CREATE INDEX ON ivfflat_options USING ivfflat (w vector_l2_ops);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON ivfflat_options USING ivfflat (x vector_l2_ops);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON ivfflat_options USING ivfflat (h halfvec_l2_ops);
CREATE INDEX ON ivfflat_options USING ivfflat (o vector_ip_ops);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON ivfflat_options USING ivfflat (o vector_cosine_ops);
CREATE INDEX ON ivfflat_options USING ivfflat (o vector_l2_ops);
-- The longest vectors, of which a page holds one
CREATE INDEX ivfflat_options_y ON ivfflat_options USING ivfflat (y vector_l2_ops) WITH (lists = 2);
CREATE INDEX ivfflat_options_i ON ivfflat_options USING ivfflat (i halfvec_ip_ops) WITH (lists = 2);
INSERT INTO ivfflat_options (y, i) SELECT array_fill(n, ARRAY[2000])::vector, array_fill(n, ARRAY[4000])::halfvec FROM generate_series(1, 5) n;
SELECT * FROM vectorx_check('ivfflat_options_y', true);
SELECT * FROM vectorx_check('ivfflat_options_i', true);
REINDEX TABLE ivfflat_options;
SELECT * FROM vectorx_check('ivfflat_options_y', true);
SELECT lists, rows FROM vectorx_index_stats('ivfflat_options_y');
SET enable_seqscan = off;
SET ivfflat.probes = 2;
SELECT (y::real[])[1] FROM ivfflat_options ORDER BY y <-> array_fill(3, ARRAY[2000])::vector LIMIT 3;
SELECT (i::real[])[1] FROM ivfflat_options ORDER BY i <#> array_fill(1, ARRAY[4000])::halfvec LIMIT 3;
DROP TABLE ivfflat_options;

RESET ivfflat.probes;
SHOW ivfflat.probes;
SET ivfflat.probes = 0;
\echo SQLSTATE :SQLSTATE
SET ivfflat.probes = 32769;
SHOW ivfflat.iterative_scan;
SET ivfflat.iterative_scan = strict_order;
SET ivfflat.iterative_scan = on;
SHOW ivfflat.max_probes;
SET ivfflat.max_probes = 0;
SET ivfflat.max_probes = 32769;
SET ivfflat.lists = 5;
-- Lists that do not fit into memory
CREATE TABLE ivfflat_options (v vector(100));
INSERT INTO ivfflat_options SELECT array_fill(i, ARRAY[100])::vector FROM generate_series(1, 700) i;
SET maintenance_work_mem = '1MB';
CREATE INDEX ON ivfflat_options USING ivfflat (v) WITH (lists = 10000);
\echo SQLSTATE :SQLSTATE
-- A sample that does not fit is a smaller one.
CREATE INDEX ON ivfflat_options USING ivfflat (v) WITH (lists = 500);
RESET maintenance_work_mem;
CREATE INDEX ON ivfflat_options USING ivfflat (v) WITH (lists = 701);
-- Columns of one index, and order
CREATE INDEX ON ivfflat_options USING ivfflat (v, v);
CREATE INDEX ON ivfflat_options USING ivfflat (v) INCLUDE (v);
CREATE UNIQUE INDEX ON ivfflat_options USING ivfflat (v);
CREATE INDEX ON ivfflat_options USING ivfflat (v vector_l1_ops);
SELECT amvalidate(c.oid), count(*) FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'ivfflat' GROUP BY 1;
DROP TABLE ivfflat_options;
