-- vectorx_check and vectorx_index_stats of ivfflat
CREATE TABLE ivfflat_inspect (id int, v vector(3));
INSERT INTO ivfflat_inspect SELECT i, ARRAY[i % 10, i % 7, i % 3]::vector FROM generate_series(1, 2000) i;
CREATE INDEX ivfflat_inspect_index ON ivfflat_inspect USING ivfflat (v vector_l2_ops) WITH (lists = 4);
SELECT * FROM vectorx_check('ivfflat_inspect_index', true);
SELECT storage, dimensions, m, nodes, rows, lists, pages = list_pages + unused_pages + 3 AS all_pages_counted, imbalance >= 1 AS imbalance, bytes = pages * current_setting('block_size')::int AS bytes
  FROM vectorx_index_stats('ivfflat_inspect_index');
-- A row that the index does not have is found out: one written behind its back.
SET allow_system_table_mods = on;
UPDATE pg_index SET indisready = false WHERE indexrelid = 'ivfflat_inspect_index'::regclass;
INSERT INTO ivfflat_inspect VALUES (3000, '[9,9,9]');
UPDATE pg_index SET indisready = true WHERE indexrelid = 'ivfflat_inspect_index'::regclass;
RESET allow_system_table_mods;
SELECT count(*) FROM vectorx_check('ivfflat_inspect_index');
SELECT count(*), min(fault) LIKE 'row % of the table is not in the index' FROM vectorx_check('ivfflat_inspect_index', true);
CREATE INDEX ivfflat_inspect_btree ON ivfflat_inspect (id);
SELECT * FROM vectorx_check('ivfflat_inspect_btree');
\echo SQLSTATE :SQLSTATE
CREATE ROLE regress_ivfflat_reader;
SET ROLE regress_ivfflat_reader;
SELECT * FROM vectorx_check('ivfflat_inspect_index');
\echo SQLSTATE :SQLSTATE
RESET ROLE;
DROP ROLE regress_ivfflat_reader;
DROP TABLE ivfflat_inspect;
