-- What ivfflat refuses, with SQLSTATEs: clients match on these texts, which are pgvector's.
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

CREATE TABLE ivfflat_messages (undefined vector, v vector(3), v1 vector(1), v2001 vector(2001), h4001 halfvec(4001), b64001 bit(64001),
                               varying bit varying(3), v2000 vector(2000));
SELECT statement, pg_temp.error_of('CREATE INDEX ON ivfflat_messages USING ivfflat ' || statement) FROM (VALUES
  ('(undefined vector_l2_ops)'), ('(v2001 vector_l2_ops)'), ('(h4001 halfvec_cosine_ops)'), ('(b64001 bit_hamming_ops)'), ('(varying bit_hamming_ops)'),
  ('(v1 vector_cosine_ops)'), ('(v1 vector_ip_ops)'), ('(v1 vector_l2_ops)'), ('(v vector_l2_ops) WITH (lists = 0)'), ('(v vector_l2_ops) WITH (lists = 32769)')
) t(statement);

-- Centroids and the sample that they are found in need memory.
INSERT INTO ivfflat_messages (v2000) SELECT array_fill(i, ARRAY[2000]) FROM generate_series(1, 2000) i;
SET maintenance_work_mem = '1MB';
SELECT pg_temp.error_of('CREATE INDEX ON ivfflat_messages USING ivfflat (v2000 vector_l2_ops) WITH (lists = 1000)');
RESET maintenance_work_mem;

-- fewer rows than lists
TRUNCATE ivfflat_messages;
INSERT INTO ivfflat_messages (v) VALUES ('[1,2,3]');
CREATE INDEX ivfflat_little ON ivfflat_messages USING ivfflat (v vector_l2_ops) WITH (lists = 10);
DROP TABLE ivfflat_messages;

-- As with hnsw, only an exclusion constraint scans without ORDER BY.
CREATE TABLE ivfflat_messages (v vector(3));
CREATE OPERATOR CLASS ivfflat_excluding FOR TYPE vector USING ivfflat AS
  OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops, OPERATOR 2 = (vector, vector), FUNCTION 1 ivfflat_vector_l2_support(internal);
ALTER TABLE ivfflat_messages ADD EXCLUDE USING ivfflat (v ivfflat_excluding WITH =);
SELECT pg_temp.error_of('INSERT INTO ivfflat_messages VALUES (''[1,2,3]'')');
DROP TABLE ivfflat_messages;
DROP OPERATOR FAMILY ivfflat_excluding USING ivfflat;

-- An operator class written for pgvector names a distance as its support function.
CREATE TABLE ivfflat_messages (v vector(3));
CREATE OPERATOR CLASS ivfflat_by_distance FOR TYPE vector USING ivfflat AS
  OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops, FUNCTION 1 vector_l2_squared_distance(vector, vector);
SELECT pg_temp.error_of('CREATE INDEX ON ivfflat_messages USING ivfflat (v ivfflat_by_distance)');
DROP TABLE ivfflat_messages;
DROP OPERATOR FAMILY ivfflat_by_distance USING ivfflat;
