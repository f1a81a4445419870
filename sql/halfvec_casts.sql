-- Casts between halfvec, vector and arrays.
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

SELECT ARRAY[1,2,3]::halfvec, ARRAY[1.5,2.25]::real[]::halfvec, ARRAY[1.5,0.1]::double precision[]::halfvec, ARRAY[1.5,0.1]::numeric[]::halfvec;
SELECT '{1,2,3}'::integer[]::halfvec(3), '{1,2}'::real[]::halfvec(2), '{1,2}'::double precision[]::halfvec(2), '{1,2}'::numeric[]::halfvec(2);
SELECT '{2049,-2051,65519}'::integer[]::halfvec;
SELECT '{1e-8,65504,1e-40}'::numeric[]::halfvec, '{1e-8,65504,1e-300}'::double precision[]::halfvec, '{6e-8,-0}'::real[]::halfvec;
-- Lower bounds do not matter, nor does a null bitmap without a null in it.
SELECT '[5:7]={1,2,3}'::integer[]::halfvec, (ARRAY[1,2,3,NULL])[1:3]::halfvec, array_remove('{1,NULL,2}'::real[], NULL)::halfvec;
SELECT vector_dims(array_fill(1, ARRAY[16000])::halfvec), vector_dims(array_fill(1.5, ARRAY[16000])::halfvec);

SELECT '[1,2,3]'::halfvec::real[], '[0.1,6e-8]'::halfvec::real[], array_dims('[1,2,3]'::halfvec::real[]), halfvec_to_float4('[1,2]', -1, true);
SELECT array_agg(v)::text FROM (SELECT unnest('[1,2,3]'::halfvec::real[])) t(v);
SELECT '[1,2,3]'::halfvec::halfvec(3), halfvec('[1,2]', 2, false), halfvec('[1,2]', -1, true);

-- vector: implicit to halfvec, which may lose precision, but not silently the range.
SELECT '[1.2345678,65519,1e-8,-2.9802326e-08]'::vector::halfvec, '[0.1,65504,-6e-8]'::halfvec::vector, vector_to_halfvec('[1,2]', 2, true), halfvec_to_vector('[1,2]', -1, false);
SELECT vector_dims(array_fill(1, ARRAY[16000])::vector::halfvec), vector_dims(array_fill(1, ARRAY[16000])::halfvec::vector);
SELECT l2_distance('[1,2]'::halfvec, '[1,3]'::vector), vector_dims(halfvec_add('[1,2]'::vector, '[3,4]'));

-- Assignment and implicit casts
CREATE TABLE halfvec_casts (v halfvec(3), r real[]);
INSERT INTO halfvec_casts VALUES ('[1.5,2,0.1]'::vector);
DELETE FROM halfvec_casts;
INSERT INTO halfvec_casts VALUES (ARRAY[1,2,3], '[1,2]'::halfvec);
INSERT INTO halfvec_casts VALUES (ARRAY[1.5,2,3], NULL), ('{4,5,6}'::real[], NULL), ('{7,8,9}'::float8[], NULL);
SELECT * FROM halfvec_casts;
SELECT array_length('[1,2,3]'::halfvec::real[], 1), unnest('[1,2]'::halfvec::real[]) + 1;
DROP TABLE halfvec_casts;

-- A function over the same C function for an element type that it does not know.
DO $$
BEGIN
  EXECUTE format('CREATE FUNCTION pg_temp.text_array_to_halfvec(text[], integer, boolean) RETURNS halfvec AS %L, %L LANGUAGE C STRICT',
    (SELECT probin FROM pg_proc WHERE proname = 'halfvec_in'), 'array_to_halfvec');
END
$$;

SELECT statement, pg_temp.error_of('SELECT ' || statement) FROM (VALUES
  ($$'{}'::integer[]::halfvec$$), ($$'{}'::real[]::halfvec$$), ($$'{}'::double precision[]::halfvec$$), ($$'{}'::numeric[]::halfvec$$),
  ($$'{1,NULL}'::integer[]::halfvec$$), ($$'{NULL}'::real[]::halfvec$$), ($$'{1,NULL}'::double precision[]::halfvec$$), ($$'{1,NULL}'::numeric[]::halfvec$$),
  ($$'{{1,2},{3,4}}'::integer[]::halfvec$$), ($$'{{1}}'::real[]::halfvec$$), ($$'{{1}}'::double precision[]::halfvec$$), ($$'{{{1}}}'::numeric[]::halfvec$$),
  ($$'{1,2,3}'::integer[]::halfvec(2)$$), ($$'{1,2,3}'::real[]::halfvec(2)$$), ($$'{1,2,3}'::double precision[]::halfvec(4)$$), ($$'{1,2,3}'::numeric[]::halfvec(4)$$),
  ($$'{NaN}'::real[]::halfvec$$), ($$'{1,NaN,Infinity}'::double precision[]::halfvec$$), ($$'{NaN}'::numeric[]::halfvec$$),
  ($$'{Infinity}'::real[]::halfvec$$), ($$'{-Infinity,NaN}'::double precision[]::halfvec$$), ($$'{65520}'::double precision[]::halfvec$$),
  ($$'{Infinity}'::numeric[]::halfvec$$), ($$'{70000,1e-60}'::numeric[]::halfvec$$), ($$'{1e-60,70000}'::numeric[]::halfvec$$), ($$'{65520}'::numeric[]::halfvec$$),
  ($$array_fill(1, ARRAY[16001])::halfvec$$), ($$array_fill(1::real, ARRAY[16001])::halfvec$$), ($$array_fill(1::float8, ARRAY[16001])::halfvec$$),
  ($$array_fill(1::numeric, ARRAY[16001])::halfvec$$),
  ($$'[1,65520]'::vector::halfvec$$), ($$'[-3e38]'::vector::halfvec$$), ($$'[1,2]'::vector::halfvec(3)$$), ($$'[1,2]'::halfvec::vector(3)$$),
  ($$'{2147483647}'::integer[]::halfvec$$), ($$'{NaN,65520}'::real[]::halfvec$$), ($$'{1e-400}'::numeric[]::halfvec$$), ($$'{123456.7}'::numeric[]::halfvec$$),
  ($$'[1,2,3]'::halfvec::halfvec(2)$$), ($$halfvec('[1,2]', 3, false)$$),
  ($$pg_temp.text_array_to_halfvec('{1}', -1, false)$$), ($$pg_temp.text_array_to_halfvec('{}', -1, false)$$)
) t(statement);
