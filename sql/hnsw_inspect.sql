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
SELECT slot, regexp_replace(fault, '\(.*\)', '(...)') AS fault FROM vectorx_check('hnsw_inspect_index', true);
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

-- The functions of an index's expressions run as the table's owner, whoever looks into the index.
CREATE ROLE regress_hnsw_owner;
CREATE FUNCTION hnsw_inspect_user(v vector) RETURNS vector IMMUTABLE LANGUAGE plpgsql AS
  $$ BEGIN IF current_user <> 'regress_hnsw_owner' THEN RAISE 'runs as another than the owner'; END IF; RETURN v; END $$;
CREATE TABLE hnsw_inspect_owned (v vector(2));
ALTER TABLE hnsw_inspect_owned OWNER TO regress_hnsw_owner;
SET ROLE regress_hnsw_owner;
INSERT INTO hnsw_inspect_owned VALUES ('[1,2]'), ('[3,4]');
RESET ROLE;
CREATE INDEX hnsw_inspect_owned_index ON hnsw_inspect_owned USING hnsw ((hnsw_inspect_user(v)::vector(2)) vector_l2_ops);
SELECT * FROM vectorx_check('hnsw_inspect_owned_index', true);
DROP TABLE hnsw_inspect_owned;
DROP FUNCTION hnsw_inspect_user;
DROP ROLE regress_hnsw_owner;

-- Many vectors at equal distances make islands that inserts cut off; the build ends with a look after these, and so does
-- vacuum, also when no row is dead.
CREATE TABLE hnsw_islands (id int, v sparsevec(1000));
CREATE INDEX hnsw_islands_index ON hnsw_islands USING hnsw (v sparsevec_l2_ops) WITH (m = 8, ef_construction = 16);
INSERT INTO hnsw_islands SELECT i, format('{%s:1,%s:2,%s:1.5}/1000', 1 + i % 300, 400 + i % 170, 700 + i % 251)::sparsevec
  FROM generate_series(1, 1500) i;
VACUUM hnsw_islands;
SELECT * FROM vectorx_check('hnsw_islands_index', true);
DROP INDEX hnsw_islands_index;
SET maintenance_work_mem = '1MB';
SET client_min_messages = warning;
CREATE INDEX hnsw_islands_index ON hnsw_islands USING hnsw (v sparsevec_l2_ops) WITH (m = 8, ef_construction = 16);
SELECT * FROM vectorx_check('hnsw_islands_index', true);
DROP TABLE hnsw_islands;
