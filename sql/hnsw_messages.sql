-- What hnsw refuses, with SQLSTATEs: clients match on these texts, which are pgvector's.
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''));
END
$$;

CREATE TABLE hnsw_messages (undefined vector, v vector(3), v2001 vector(2001), h4001 halfvec(4001), s sparsevec(1001), b64001 bit(64001),
                            varying bit varying(3), v2000 vector(2000), h4000 halfvec(4000), b64000 bit(64000), s1000000000 sparsevec(1000000000));
SELECT statement, pg_temp.error_of('CREATE INDEX ON hnsw_messages USING hnsw ' || statement) FROM (VALUES
  ('(undefined vector_l2_ops)'), ('((undefined::halfvec) halfvec_l2_ops)'), ('(v2001 vector_l2_ops)'), ('(h4001 halfvec_cosine_ops)'),
  ('(b64001 bit_hamming_ops)'), ('(varying bit_jaccard_ops)'), ('(v vector_l2_ops) WITH (m = 16, ef_construction = 31)'),
  ('(v2000 vector_l2_ops) WITH (m = 100, ef_construction = 200)'), ('(h4000 halfvec_l2_ops) WITH (m = 100, ef_construction = 200)'),
  ('(b64000 bit_hamming_ops) WITH (m = 100, ef_construction = 200)'), ('(s1000000000 sparsevec_l2_ops)')
) t(statement);

-- Sparse vectors are checked one by one: while the index is built, and when a row is inserted.
INSERT INTO hnsw_messages (s) SELECT array_fill(1, ARRAY[1001])::sparsevec;
SELECT pg_temp.error_of('CREATE INDEX ON hnsw_messages USING hnsw (s sparsevec_l2_ops)');
TRUNCATE hnsw_messages;
CREATE INDEX ON hnsw_messages USING hnsw (s sparsevec_l2_ops);
SELECT pg_temp.error_of('INSERT INTO hnsw_messages (s) SELECT array_fill(1, ARRAY[1001])::sparsevec');
INSERT INTO hnsw_messages (s) SELECT (array_fill(1, ARRAY[1000]) || 0)::sparsevec;
-- The longest values that there can be have room in a page, whatever m is.
INSERT INTO hnsw_messages (v2000, h4000, b64000, s1000000000)
  SELECT array_fill(i, ARRAY[2000]), array_fill(i, ARRAY[4000]), repeat(i::text, 64000)::bit(64000), format('{1000000000:%s}/1000000000', i)::sparsevec
    FROM generate_series(0, 1) i;
SELECT count(*) FROM hnsw_messages;
DROP TABLE hnsw_messages;

-- The planner never chooses a scan without ORDER BY. An exclusion constraint is checked by one, if somebody has made an operator
-- class that takes part in it.
CREATE TABLE hnsw_messages (v vector(3));
CREATE OPERATOR CLASS hnsw_excluding FOR TYPE vector USING hnsw AS
  OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops, OPERATOR 2 = (vector, vector), FUNCTION 1 hnsw_vector_l2_support(internal);
ALTER TABLE hnsw_messages ADD EXCLUDE USING hnsw (v hnsw_excluding WITH =);
SELECT pg_temp.error_of('INSERT INTO hnsw_messages VALUES (''[1,2,3]'')');
DROP TABLE hnsw_messages;
DROP OPERATOR FAMILY hnsw_excluding USING hnsw;

-- An operator class written for pgvector names a distance as its support function.
CREATE TABLE hnsw_messages (v vector(3));
CREATE OPERATOR CLASS hnsw_by_distance FOR TYPE vector USING hnsw AS
  OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops, FUNCTION 1 vector_l2_squared_distance(vector, vector);
CREATE OPERATOR CLASS hnsw_by_norm FOR TYPE vector USING hnsw AS
  OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops, FUNCTION 1 vector_norm(vector);
SELECT pg_temp.error_of(format('CREATE INDEX ON hnsw_messages USING hnsw (v %s)', opclass)) FROM (VALUES ('hnsw_by_distance'), ('hnsw_by_norm')) t(opclass);
DROP TABLE hnsw_messages;
DROP OPERATOR FAMILY hnsw_by_distance USING hnsw;
DROP OPERATOR FAMILY hnsw_by_norm USING hnsw;
