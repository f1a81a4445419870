-- vectorx_check and vectorx_index_stats
CREATE TABLE hnsw_inspect (id int, v vector(3));
CREATE INDEX hnsw_inspect_index ON hnsw_inspect USING hnsw (v vector_l2_ops);
SELECT * FROM vectorx_check('hnsw_inspect_index', true);
SELECT nodes, rows, levels, average_degree, pages, bytes_per_row FROM vectorx_index_stats('hnsw_inspect_index');
INSERT INTO hnsw_inspect SELECT i, ARRAY[i % 10, i % 7, i % 3]::vector FROM generate_series(1, 500) i;
SELECT * FROM vectorx_check('hnsw_inspect_index', true);
SELECT storage, dimensions, m, ef_construction, nodes, dying_nodes, rows, free_node_slots, pages = node_pages + upper_pages + rows_pages + payload_pages + unused_pages + 1 AS all_pages_counted
  FROM vectorx_index_stats('hnsw_inspect_index');
DELETE FROM hnsw_inspect WHERE id % 10 < 5;
VACUUM hnsw_inspect;
SELECT * FROM vectorx_check('hnsw_inspect_index', true);
SELECT nodes, rows, free_node_slots, free_fraction FROM vectorx_index_stats('hnsw_inspect_index');
-- A row that the index does not have is found out: one written behind its back.
SET allow_system_table_mods = on;
UPDATE pg_index SET indisready = false WHERE indexrelid = 'hnsw_inspect_index'::regclass;
INSERT INTO hnsw_inspect VALUES (1000, '[9,9,9]');
UPDATE pg_index SET indisready = true WHERE indexrelid = 'hnsw_inspect_index'::regclass;
SELECT count(*) FROM vectorx_check('hnsw_inspect_index');
SELECT slot, regexp_replace(fault, '\(.*\)', '(…)') AS fault FROM vectorx_check('hnsw_inspect_index', true);
-- Not for everything, and not for everybody
CREATE INDEX hnsw_inspect_id ON hnsw_inspect (id);
SELECT * FROM vectorx_check('hnsw_inspect_id');
\echo SQLSTATE :SQLSTATE
SELECT * FROM vectorx_index_stats('hnsw_inspect');
CREATE ROLE regress_hnsw_reader;
SET ROLE regress_hnsw_reader;
SELECT * FROM vectorx_check('hnsw_inspect_index');
\echo SQLSTATE :SQLSTATE
RESET ROLE;
GRANT pg_stat_scan_tables TO regress_hnsw_reader;
SET ROLE regress_hnsw_reader;
SELECT nodes FROM vectorx_index_stats('hnsw_inspect_index');
RESET ROLE;
DROP ROLE regress_hnsw_reader;
DROP TABLE hnsw_inspect;
