-- Input, output, type modifiers and storage of sparsevec.
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

-- Text input: indices from 1, in any order; zeros are left out.
SELECT '{1:1.5,3:-2,5:0.1}/5'::sparsevec;
SELECT '{}/5'::sparsevec, '{}/1'::sparsevec, '{ }/2'::sparsevec;
SELECT '{5:1,3:2,4:3,1:4}/5'::sparsevec;
SELECT '{1:0,2:1,3:-0,4:0e5}/4'::sparsevec;
-- The index of a zero is not even looked at.
SELECT '{0:0,9:0,-5:0,2:1,2:0}/4'::sparsevec;
SELECT '{+1:+1,02:1e1,3:.5,4:5.,5:0x10,6:-1E-2}/+007'::sparsevec;
SELECT E' \t\n\r\013\f{ \t\n1 \t\n\r\013\f: \t\n\r\013\f2 \t\n\r\013\f, \t\n\r\013\f3\t:\n4 \r} \t\n\r\013\f/ \t\n\r\013\f5 \t\n\r\013\f'::sparsevec;
SELECT '{1000000000:1,999999999:2}/1000000000'::sparsevec;
SELECT '{1:1e-45,2:3.4028235e38,3:-1.17549435e-38}/3'::sparsevec;
SELECT '{1:1.23456789012345678901234567890,2:16777217}/3'::sparsevec;

-- Text output: shortest digits, whatever extra_float_digits says.
SET extra_float_digits = 0;
SELECT '{1:0.1,2:1e10,3:123456789,4:1e-5,5:0.0001,6:1e15}/7'::sparsevec;
RESET extra_float_digits;

SELECT statement, pg_temp.error_of(format('SELECT %L::sparsevec', statement)) FROM (VALUES
  (''), (' '), ('{'), ('{ '), ('{}'), ('{} '), ('{}/'), ('{}/ '), ('{}/x'), ('{}/1x'), ('{}/1 1'), ('{}/1/2'), ('{}1'), ('{}x/1'), ('}/1'),
  ('['), ('[1,2]'), ('1:1/1'), ('{1:1}/1}'), ('{1:1}'), ('{1:1'), ('{1:1/1'), ('{1:1,'), ('{1:1,}/1'), ('{,1:1}/1'), ('{1:1,,2:2}/2'),
  ('{1}/1'), ('{1:}/1'), ('{:1}/1'), ('{:}/1'), ('{1:1:1}/1'), ('{1 1:1}/1'), ('{1;1}/1'), ('{1:1 2:1}/3'), ('{1'), ('{1:'), ('{1: '), ('{1:1;2:2}/2'),
  ('{a:1}/1'), ('{1:a}/1'), ('{1.5:1}/2'), ('{0x1:1}/1'), ('{1e1:1}/11'), ('{+:1}/1'), ('{-:1}/1'), ('{- 1:1}/1'), ('{--1:1}/1'), ('{1:+-1}/1'), ('{1:1f}/1'),
  ('{}/+'), ('{}/-'), ('{}/1.5'), ('{}/0x5'), ('{}/1e5'),
  ('{1:NaN}/1'), ('{1:nan}/1'), ('{1:inf}/1'), ('{1:-Infinity}/1'), ('{1:1,2:NaN'), ('{0:NaN}/1'),
  ('{1:1e39}/1'), ('{1:-4e38}/1'), ('{1:1e-46}/1'), ('{1:-1e-400}/1'), ('{1:0x1p-999}/1'), ('{1:1e99999999999 }/1'), ('{1:1e-46,2:NaN'),
  ('{0:1}/1'), ('{2:1}/1'), ('{-1:1}/1'), ('{1:1,4:1}/3'), ('{2147483647:1}/3'), ('{2147483648:1}/3'), ('{-2147483648:1}/3'), ('{-2147483649:1}/3'),
  ('{99999999999999999999:1}/3'), ('{-99999999999999999999:1}/3'), ('{1:1,1:2}/3'), ('{2:1,1:1,2:1}/3'), ('{9:1,1:1,1:1}/3'), ('{0:1,1:1,1:1}/3'), ('{1:1,1:0}/3'),
  ('{}/0'), ('{}/-1'), ('{}/1000000001'), ('{}/2147483648'), ('{}/99999999999999999999'), ('{}/-99999999999999999999'), ('{5:1}/0'), ('{2:1}/1000000001')
) t(statement);
SELECT pg_temp.error_of(format('SELECT %L::sparsevec', '{' || string_agg(i || ':1', ',') || '}/16001')) FROM generate_series(1, 16001) i;
SELECT pg_temp.error_of(format('SELECT %L::sparsevec', repeat(',', 16000)));
SELECT pg_temp.error_of(format('SELECT %L::sparsevec', repeat(',', 15999)::char(20)));
SELECT length(('{' || string_agg(i || ':1', ',') || '}/16000')::sparsevec::text), l2_norm(('{' || string_agg(i || ':1', ',' ORDER BY -i) || '}/16000')::sparsevec) FROM generate_series(1, 16000) i;

-- Type modifier
SELECT '{1:1}/3'::sparsevec(3);
SELECT format_type('sparsevec'::regtype, 3);
CREATE TABLE sparsevec_type (v sparsevec(3), w sparsevec);
SELECT a.attname, a.attstorage, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
  WHERE a.attrelid = 'sparsevec_type'::regclass AND a.attnum > 0 ORDER BY a.attnum;
INSERT INTO sparsevec_type VALUES ('{1:1}/3', '{}/1'), (NULL, NULL), ('{3:4}/3', '{5:2}/9');
SELECT * FROM sparsevec_type ORDER BY v NULLS FIRST;
SELECT statement, pg_temp.error_of(statement) FROM (VALUES
  ('SELECT ''{}/3''::sparsevec(2)'), ('SELECT ''{}/3''::sparsevec(4)'), ('SELECT ''{}/3''::sparsevec::sparsevec(2)'), ('SELECT ''{9:1}/3''::sparsevec(2)'),
  ('INSERT INTO sparsevec_type (v) VALUES (''{}/2'')'), ('INSERT INTO sparsevec_type (v) SELECT w FROM sparsevec_type WHERE w = ''{}/1'''),
  ('SELECT ''{}/1''::sparsevec(0)'), ('SELECT ''{}/1''::sparsevec(-1)'), ('SELECT ''{}/1''::sparsevec(1000000001)'), ('SELECT ''{}/1''::sparsevec(1000000000)'),
  ('SELECT ''{}/1''::sparsevec(1,2)'), ('SELECT ''{}/1''::sparsevec(''a'')'), ('SELECT sparsevec_typmod_in(''{}'')'),
  ('SELECT sparsevec_typmod_in(ARRAY[NULL]::cstring[])')
) t(statement);
DROP TABLE sparsevec_type;

-- Binary output: dimension, number of elements, zero, indices from 0, values, all big endian.
SELECT sparsevec_send('{1:1,4:-2.5,258:1e-45}/65536'), sparsevec_send('{}/1000000000');

-- Short, long and toasted values.
CREATE TABLE sparsevec_storage (id int, v sparsevec);
INSERT INTO sparsevec_storage SELECT d, array_fill(d, ARRAY[d])::sparsevec FROM unnest(ARRAY[1, 13, 14, 15, 16, 100, 500, 2000, 16000]) d;
ALTER TABLE sparsevec_storage ALTER v SET STORAGE main;
INSERT INTO sparsevec_storage SELECT d + 1, array_fill(d + 1, ARRAY[d])::sparsevec FROM unnest(ARRAY[100, 500, 2000, 16000]) d;
SELECT id, v = array_fill(id, ARRAY[length(sparsevec_send(v)) / 8 - 1])::sparsevec AS elements, length(v::text) AS characters,
  length(sparsevec_send(v)) AS bytes, v <-> v AS distance FROM sparsevec_storage ORDER BY id;
DROP TABLE sparsevec_storage;

SELECT ARRAY['{1:2}/3','{}/1']::sparsevec[];
SELECT '{"{1:2,2:3}/3","{}/1"}'::sparsevec[];
