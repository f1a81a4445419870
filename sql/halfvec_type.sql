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
SELECT '[1,2,3]'::halfvec;
SELECT '[-1,-2.5,+3]'::halfvec;
SELECT '[1.,.5,-.5e1,1e3,1E-3,1e+2]'::halfvec;
SELECT '[1.23456789012345678901234567890,2049,2051,0.1,1023.5,-4095.5]'::halfvec;
-- Ties go to even, what is nearer goes there, once rounded to float and once to half.
SELECT '[1.00048828125,1.00146484375,1.000488281251,1.00048829,1.00048827,2049.0000001]'::halfvec;
SELECT E' \t\n\r\013\f[ \t\n\r\013\f1 \t\n\r\013\f, \t\n\r\013\f2 \t\n\r\013\f] \t\n\r\013\f'::halfvec;
SELECT '[0x10,0X1.8p1,-0xAp-1,0x.8,0x1.]'::halfvec;
SELECT '[0,-0,0e99999999999,0x0p99999999999]'::halfvec;
-- Denormals are kept, what is smaller becomes zero, the largest finite value stays finite.
SELECT '[5.9604645e-08,-5.9604645e-08,6.0975552e-05,6.1035156e-05,1.2e-07,0.00006]'::halfvec;
SELECT '[2.9802322e-08,2.9802326e-08,8.940697e-08,-2.9e-08,1e-45,-1e-46,1e-99999999999,-0x1p-99999]'::halfvec;
SELECT '[65504,-65504,65519,65519.99,-65519.9]'::halfvec;

-- Text output: the shortest digits that read back as the same float, whatever extra_float_digits says.
SET extra_float_digits = 0;
SELECT '[0.1,0.3333333,1e-5,0.0001,0.00012,1234.5,65504,32768,10000,9999,0.001]'::halfvec;
RESET extra_float_digits;
SELECT v = v::text::halfvec AS same FROM (SELECT '[0.3,6e-08,-7.0064923e-6,1.5e-7,60001]'::halfvec) t(v);

SELECT statement, pg_temp.error_of(format('SELECT %L::halfvec', statement)) FROM (VALUES
  (''), (' '), ('['), ('[ '), ('[]'), ('[ ]'), ('[1'), ('[1,'), ('[1, '), ('[1,]'), ('[,1]'), ('[1,,2]'), ('[1 2]'),
  ('1,2'), ('(1,2)'), ('{1,2}'), ('[1,2}'), ('[1,2]3'), ('[1,2] ]'), ('[[1,2]]'), ('[a]'), ('[1a]'), ('[1,2'), (']'),
  ('["1"]'), ('[null]'), ('[hello,1]'),
  ('[+]'), ('[-]'), ('[+-1]'), ('[--1]'), ('[-+1]'), ('[- 1]'), ('[.]'), ('[-.]'), ('[e1]'), ('[.e1]'), ('[1e]'), ('[1e+]'),
  ('[0x]'), ('[0x.]'), ('[0x-1]'), ('[0xg]'), ('[0x1p]'), ('[0xinf]'), ('[0xnan]'), ('[1_000]'), ('[1.2.3]'), ('[1f]'),
  ('[NaN]'), ('[nan]'), ('[-nan]'), ('[+NAN]'), ('[nan(1)]'), ('[nan(]'), ('[nano]'), ('[1,NaN'),
  ('[Infinity]'), ('[inf]'), ('[-INF]'), ('[+infinity]'), ('[infinite]'), ('[1,inf'),
  ('[65520]'), ('[-65520]'), ('[+65520.0]'), ('[65519.9999]'), ('[1,7e4'), ('[0x1p16]'), ('[65520,NaN]'), ('[1e5,1e39]'),
  ('[1e39]'), ('[-1e39]'), ('[+1e39]'), ('[3.4028236e38]'), ('[1,1e99999999999 ]'), ('[4e38,NaN]'), ('[0x1p128]'), ('[ -0X1.8P999 ]'),
  ('[0.00000000000000000000001e+80]'), ('[1000000000000000000000000000000000000000]'), ('[4e38')
) t(statement);
SELECT pg_temp.error_of(format('SELECT %L::halfvec', '[' || repeat('1,', 15999) || '1,1]'));
SELECT pg_temp.error_of(format('SELECT %L::halfvec', '[' || repeat('1,', 16000) || 'x]'));
SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::halfvec);

-- Type modifier
SELECT '[1,2,3]'::halfvec(3);
SELECT format_type('halfvec'::regtype, 3);
CREATE TABLE halfvec_type (v halfvec(3), w halfvec);
SELECT a.attname, a.attstorage, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
  WHERE a.attrelid = 'halfvec_type'::regclass AND a.attnum > 0 ORDER BY a.attnum;
INSERT INTO halfvec_type VALUES ('[1,2,3]', '[1]'), (NULL, NULL), ('[4,5,6]', '[1,2,3,4,5]');
SELECT * FROM halfvec_type ORDER BY v NULLS FIRST;
SELECT statement, pg_temp.error_of(statement) FROM (VALUES
  ('SELECT ''[1,2,3]''::halfvec(2)'), ('SELECT ''[1,2,3]''::halfvec(4)'), ('SELECT ''[1,2,3]''::halfvec::halfvec(2)'),
  ('INSERT INTO halfvec_type (v) VALUES (''[1,2]'')'), ('INSERT INTO halfvec_type (v) SELECT w FROM halfvec_type WHERE w = ''[1]'''),
  ('SELECT ''[1]''::halfvec(0)'), ('SELECT ''[1]''::halfvec(-1)'), ('SELECT ''[1]''::halfvec(16001)'), ('SELECT ''[1]''::halfvec(16000)'),
  ('SELECT ''[1]''::halfvec(1,2)'), ('SELECT ''[1]''::halfvec(''a'')'), ('SELECT halfvec_typmod_in(''{}'')'),
  ('SELECT halfvec_typmod_in(ARRAY[NULL]::cstring[])')
) t(statement);
DROP TABLE halfvec_type;

-- Binary output: dimension, zero, elements (binary16), all big endian.
SELECT halfvec_send('[1,-2.5,0,6e-08,-65504]');
SELECT length(halfvec_send(array_fill(1, ARRAY[16000])::halfvec));

-- Short, long, and toasted values, some of which are compressed.
CREATE TABLE halfvec_storage (id int, v halfvec);
INSERT INTO halfvec_storage SELECT d, array_fill(d, ARRAY[d])::halfvec FROM unnest(ARRAY[1, 29, 30, 31, 100, 500, 2000, 16000]) d;
ALTER TABLE halfvec_storage ALTER v SET STORAGE main;
INSERT INTO halfvec_storage SELECT d + 1, array_fill(d + 1, ARRAY[d])::halfvec FROM unnest(ARRAY[100, 500, 2000, 16000]) d;
SELECT id, vector_dims(v), v = array_fill(id, ARRAY[vector_dims(v)])::halfvec AS elements, length(v::text) AS characters,
  length(halfvec_send(v)) AS bytes, v <-> v AS distance FROM halfvec_storage ORDER BY id;
DROP TABLE halfvec_storage;

-- Input for a column of an array, and a composite value.
SELECT ARRAY['[1,2]', '[3]']::halfvec[];
SELECT '{"[1,2]","[3]"}'::halfvec[];
SELECT pg_temp.error_of('SELECT ''{"[1,2]","[3]"}''::halfvec(2)[]');

-- Every finite half survives text, binary input and output, and float.
CREATE TABLE halfvec_type (v halfvec);
INSERT INTO halfvec_type SELECT array_agg((CASE WHEN h & 31744 = 0 THEN (h & 1023) * 2.0::float8 ^ -24
  ELSE (1024 + (h & 1023)) * 2.0::float8 ^ ((h >> 10) - 25) END) * sign ORDER BY h)::halfvec
  FROM generate_series(0, 31743) h, (VALUES (1), (-1)) s(sign) GROUP BY sign, h / 15872;
SELECT count(*), sum(vector_dims(v)), bool_and(v::text::halfvec = v), bool_and(v::real[]::halfvec = v),
  bool_and(v::vector::halfvec = v), bool_and(v::vector::text = v::text),
  sum((SELECT count(DISTINCT x) FROM unnest(v::real[]) x)) FROM halfvec_type;
SELECT md5(string_agg(v::text, ' ' ORDER BY v)), md5(string_agg(halfvec_send(v)::text, ' ' ORDER BY v)) FROM halfvec_type;
DROP TABLE halfvec_type;
