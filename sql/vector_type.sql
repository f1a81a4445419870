-- The type itself: text and binary input and output, type modifier, storage.
-- What goes wrong with a statement: SQLSTATE, message, detail.
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

-- Text input: what strtof reads, with whitespace around it.
SELECT '[1,2,3]'::vector;
SELECT '[-1,-2.5,+3]'::vector;
SELECT '[1.,.5,-.5e1,1e3,1E-3,1e+2]'::vector;
SELECT '[1.23456789012345678901234567890,16777217,0.1]'::vector;
SELECT E' \t\n\r\013\f[ \t\n\r\013\f1 \t\n\r\013\f, \t\n\r\013\f2 \t\n\r\013\f] \t\n\r\013\f'::vector;
SELECT '[0x10,0X1.8p1,-0xAp-1,0x.8,0x1.]'::vector;
SELECT '[0,-0,0e99999999999,0x0p99999999999]'::vector;
-- Denormals are kept, what is smaller becomes zero, the largest finite value stays finite.
SELECT '[1e-45,1e-38,1.17549435e-38]'::vector;
SELECT '[1e-46,-1e-46,1e-99999999999,-0x1p-99999,0.00000000000000000000000000000000000000000000000000001]'::vector;
SELECT '[3.4028234e38,-3.4028235e38,3.40282356e38]'::vector;

-- Text output: the shortest digits that read back as the same float, whatever extra_float_digits says.
SET extra_float_digits = 0;
SELECT '[0.1,1e10,123456789,1e-5,0.0001,1e15,1e16,3.4028235e38]'::vector;
RESET extra_float_digits;
SELECT v = v::text::vector AS same FROM (SELECT '[0.3,1e-45,-7.0064923e-45,1.5e-39,9.999999e37]'::vector) t(v);

SELECT statement, pg_temp.error_of(format('SELECT %L::vector', statement)) FROM (VALUES
  (''), (' '), ('['), ('[ '), ('[]'), ('[ ]'), ('[1'), ('[1,'), ('[1, '), ('[1,]'), ('[,1]'), ('[1,,2]'), ('[1 2]'),
  ('1,2'), ('(1,2)'), ('{1,2}'), ('[1,2}'), ('[1,2]3'), ('[1,2] ]'), ('[[1,2]]'), ('[a]'), ('[1a]'), ('[1,2'), (']'),
  ('["1"]'), ('[null]'), ('[hello,1]'),
  ('[+]'), ('[-]'), ('[+-1]'), ('[--1]'), ('[-+1]'), ('[- 1]'), ('[.]'), ('[-.]'), ('[e1]'), ('[.e1]'), ('[1e]'), ('[1e+]'),
  ('[0x]'), ('[0x.]'), ('[0x-1]'), ('[0xg]'), ('[0x1p]'), ('[0xinf]'), ('[0xnan]'), ('[1_000]'), ('[1.2.3]'), ('[1f]'),
  ('[NaN]'), ('[nan]'), ('[-nan]'), ('[+NAN]'), ('[nan(1)]'), ('[nan(]'), ('[nano]'), ('[1,NaN'),
  ('[Infinity]'), ('[inf]'), ('[-INF]'), ('[+infinity]'), ('[infinite]'), ('[1,inf'),
  ('[1e39]'), ('[-1e39]'), ('[+1e39]'), ('[3.4028236e38]'), ('[1,1e99999999999 ]'), ('[4e38,NaN]'), ('[0x1p128]'), ('[ -0X1.8P999 ]'),
  ('[0.00000000000000000000001e+80]'), ('[1000000000000000000000000000000000000000]'), ('[4e38')
) t(statement);
SELECT pg_temp.error_of(format('SELECT %L::vector', '[' || repeat('1,', 15999) || '1,1]'));
SELECT pg_temp.error_of(format('SELECT %L::vector', '[' || repeat('1,', 16000) || 'x]'));
SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::vector);

-- Type modifier
SELECT '[1,2,3]'::vector(3);
SELECT format_type('vector'::regtype, 3);
CREATE TABLE vector_type (v vector(3), w vector);
SELECT a.attname, a.attstorage, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
  WHERE a.attrelid = 'vector_type'::regclass AND a.attnum > 0 ORDER BY a.attnum;
INSERT INTO vector_type VALUES ('[1,2,3]', '[1]'), (NULL, NULL), ('[4,5,6]', '[1,2,3,4,5]');
SELECT * FROM vector_type ORDER BY v NULLS FIRST;
SELECT statement, pg_temp.error_of(statement) FROM (VALUES
  ('SELECT ''[1,2,3]''::vector(2)'), ('SELECT ''[1,2,3]''::vector(4)'), ('SELECT ''[1,2,3]''::vector::vector(2)'),
  ('INSERT INTO vector_type (v) VALUES (''[1,2]'')'), ('INSERT INTO vector_type (v) SELECT w FROM vector_type WHERE w = ''[1]'''),
  ('SELECT ''[1]''::vector(0)'), ('SELECT ''[1]''::vector(-1)'), ('SELECT ''[1]''::vector(16001)'), ('SELECT ''[1]''::vector(16000)'),
  ('SELECT ''[1]''::vector(1,2)'), ('SELECT ''[1]''::vector(''a'')'), ('SELECT vector_typmod_in(''{}'')'),
  ('SELECT vector_typmod_in(ARRAY[NULL]::cstring[])')
) t(statement);
DROP TABLE vector_type;

-- Binary output: dimension, zero, elements, all big endian.
SELECT vector_send('[1,-2.5,0,1e-45]');
SELECT length(vector_send(array_fill(1, ARRAY[16000])::vector));

-- Short, long, and toasted values, some of which are compressed.
CREATE TABLE vector_storage (id int, v vector);
INSERT INTO vector_storage SELECT d, array_fill(d, ARRAY[d])::vector FROM unnest(ARRAY[1, 29, 30, 31, 100, 500, 2000, 16000]) d;
ALTER TABLE vector_storage ALTER v SET STORAGE main;
INSERT INTO vector_storage SELECT d + 1, array_fill(d + 1, ARRAY[d])::vector FROM unnest(ARRAY[100, 500, 2000, 16000]) d;
SELECT id, vector_dims(v), v = array_fill(id, ARRAY[vector_dims(v)])::vector AS elements, length(v::text) AS characters,
  length(vector_send(v)) AS bytes, v <-> v AS distance FROM vector_storage ORDER BY id;
DROP TABLE vector_storage;

-- Input for a column of an array, and a composite value.
SELECT ARRAY['[1,2]', '[3]']::vector[];
SELECT '{"[1,2]","[3]"}'::vector[];
SELECT pg_temp.error_of('SELECT ''{"[1,2]","[3]"}''::vector(2)[]');
