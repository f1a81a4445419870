-- Storage parameters and settings of hnsw, and what CREATE INDEX refuses.
CREATE TABLE hnsw_options (id int, v vector(3), w vector, b vector(2001), c vector(2000));
CREATE INDEX hnsw_options_index ON hnsw_options USING hnsw (v vector_l2_ops);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (m = 2, ef_construction = 4);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (m = 100, ef_construction = 1000);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (m = 32, ef_construction = 64);

CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (m = 1);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (m = 101);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (ef_construction = 3);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (ef_construction = 1001);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (m = 'many');
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (lists = 10);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (m = 16, ef_construction = 31);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) WITH (m = 33);
\echo SQLSTATE :SQLSTATE
-- A changed parameter holds from the next REINDEX on; only then is the pair known to be wrong.
ALTER INDEX hnsw_options_index SET (ef_construction = 8);
INSERT INTO hnsw_options (id, v) VALUES (1, '[1,2,3]');
REINDEX INDEX hnsw_options_index;
\echo SQLSTATE :SQLSTATE
ALTER INDEX hnsw_options_index SET (m = 4);
REINDEX INDEX hnsw_options_index;
ALTER INDEX hnsw_options_index SET (m = 1);
ALTER INDEX hnsw_options_index RESET (m, ef_construction);
SELECT reloptions FROM pg_class WHERE relname = 'hnsw_options_index';

-- Columns
CREATE INDEX ON hnsw_options USING hnsw (w vector_l2_ops);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON hnsw_options USING hnsw (b vector_l2_ops) WITH (storage = plain);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON hnsw_options USING hnsw ((w::vector(2001)) vector_cosine_ops) WITH (storage = plain);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON hnsw_options USING hnsw (c vector_l2_ops);
CREATE INDEX ON hnsw_options USING hnsw (c vector_l2_ops) WITH (m = 100, ef_construction = 200);
CREATE INDEX ON hnsw_options USING hnsw (v);
\echo SQLSTATE :SQLSTATE
CREATE INDEX ON hnsw_options USING hnsw (id vector_l2_ops);
CREATE INDEX ON hnsw_options USING hnsw (v no_such_ops);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops, c vector_l2_ops);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops DESC);
CREATE INDEX ON hnsw_options USING hnsw (v vector_l2_ops) INCLUDE (id);
CREATE UNIQUE INDEX ON hnsw_options USING hnsw (v vector_l2_ops);
-- The text, PostgreSQL's, names the schema from 17 on.
\set VERBOSITY sqlstate
ALTER TABLE hnsw_options ADD EXCLUDE USING hnsw (v vector_l2_ops WITH <->);
\set VERBOSITY default
CLUSTER hnsw_options USING hnsw_options_index;
-- A column's dimensions cannot change under the index's feet.
ALTER TABLE hnsw_options ALTER v TYPE vector;
\echo SQLSTATE :SQLSTATE
ALTER TABLE hnsw_options ALTER v TYPE vector(4);
INSERT INTO hnsw_options (v) VALUES ('[1,2]');
\echo SQLSTATE :SQLSTATE
DROP TABLE hnsw_options;

-- Settings
SHOW hnsw.ef_search;
SET hnsw.ef_search = 0;
\echo SQLSTATE :SQLSTATE
SET hnsw.ef_search = 1001;
SET hnsw.ef_search = 'wide';
SET hnsw.ef_search = 1;
SET hnsw.ef_search = 1000;
SHOW hnsw.ef_search;
RESET hnsw.ef_search;
SET hnsw.no_such_setting = 1;
\echo SQLSTATE :SQLSTATE
SELECT name, setting, boot_val, min_val, max_val, context FROM pg_settings WHERE name = 'hnsw.ef_search';

-- What the access method says of itself
SELECT property, pg_indexam_has_property(oid, property) FROM pg_am,
  unnest(ARRAY['can_order', 'can_unique', 'can_multi_col', 'can_exclude', 'can_include']) property WHERE amname = 'hnsw';
CREATE TABLE hnsw_properties (v vector(3));
CREATE INDEX hnsw_properties_index ON hnsw_properties USING hnsw (v vector_l2_ops);
SELECT property, pg_index_has_property('hnsw_properties_index', property)
  FROM unnest(ARRAY['clusterable', 'index_scan', 'bitmap_scan', 'backward_scan']) property;
SELECT property, pg_index_column_has_property('hnsw_properties_index', 1, property)
  FROM unnest(ARRAY['orderable', 'distance_orderable', 'returnable', 'search_array', 'search_nulls']) property;
DROP TABLE hnsw_properties;
