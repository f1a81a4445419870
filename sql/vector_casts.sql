-- Casts between vector and arrays.
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

SELECT ARRAY[1,2,3]::vector, ARRAY[1.5,2.25]::real[]::vector, ARRAY[1.5,0.1]::double precision[]::vector, ARRAY[1.5,0.1]::numeric[]::vector;
SELECT '{1,2,3}'::integer[]::vector(3), '{1,2}'::real[]::vector(2), '{1,2}'::double precision[]::vector(2), '{1,2}'::numeric[]::vector(2);
SELECT '{16777217,2147483647,-2147483648}'::integer[]::vector;
SELECT '{1e-46,3.4028235e38,1e-400}'::numeric[]::vector, '{1e-46,3.4028235e38,1e-300}'::double precision[]::vector, '{1e-45,-0}'::real[]::vector;
-- Lower bounds do not matter, nor does a null bitmap without a null in it.
SELECT '[5:7]={1,2,3}'::integer[]::vector, (ARRAY[1,2,3,NULL])[1:3]::vector, array_remove('{1,NULL,2}'::real[], NULL)::vector;
SELECT vector_dims(array_fill(1, ARRAY[16000])::vector), vector_dims(array_fill(1.5, ARRAY[16000])::vector);

SELECT '[1,2,3]'::vector::real[], '[0.1,1e-45]'::vector::real[], array_dims('[1,2,3]'::vector::real[]), vector_to_float4('[1,2]', -1, true);
SELECT array_agg(v)::text FROM (SELECT unnest('[1,2,3]'::vector::real[])) t(v);
SELECT '[1,2,3]'::vector::vector(3), vector('[1,2]', 2, false), vector('[1,2]', -1, true);

-- Assignment and implicit casts
CREATE TABLE vector_casts (v vector(3), r real[]);
INSERT INTO vector_casts VALUES (ARRAY[1,2,3], '[1,2]'::vector);
INSERT INTO vector_casts VALUES (ARRAY[1.5,2,3], NULL), ('{4,5,6}'::real[], NULL), ('{7,8,9}'::float8[], NULL);
SELECT * FROM vector_casts;
SELECT array_length('[1,2,3]'::vector::real[], 1), unnest('[1,2]'::vector::real[]) + 1;
DROP TABLE vector_casts;

-- A function over the same C function for an element type that it does not know.
DO $$
BEGIN
  EXECUTE format('CREATE FUNCTION pg_temp.text_array_to_vector(text[], integer, boolean) RETURNS vector AS %L, %L LANGUAGE C STRICT',
    (SELECT probin FROM pg_proc WHERE proname = 'vector_in'), 'array_to_vector');
END
$$;

SELECT statement, pg_temp.error_of('SELECT ' || statement) FROM (VALUES
  ($$'{}'::integer[]::vector$$), ($$'{}'::real[]::vector$$), ($$'{}'::double precision[]::vector$$), ($$'{}'::numeric[]::vector$$),
  ($$'{1,NULL}'::integer[]::vector$$), ($$'{NULL}'::real[]::vector$$), ($$'{1,NULL}'::double precision[]::vector$$), ($$'{1,NULL}'::numeric[]::vector$$),
  ($$'{{1,2},{3,4}}'::integer[]::vector$$), ($$'{{1}}'::real[]::vector$$), ($$'{{1}}'::double precision[]::vector$$), ($$'{{{1}}}'::numeric[]::vector$$),
  ($$'{1,2,3}'::integer[]::vector(2)$$), ($$'{1,2,3}'::real[]::vector(2)$$), ($$'{1,2,3}'::double precision[]::vector(4)$$), ($$'{1,2,3}'::numeric[]::vector(4)$$),
  ($$'{NaN}'::real[]::vector$$), ($$'{1,NaN,Infinity}'::double precision[]::vector$$), ($$'{NaN}'::numeric[]::vector$$),
  ($$'{Infinity}'::real[]::vector$$), ($$'{-Infinity,NaN}'::double precision[]::vector$$), ($$'{1e39}'::double precision[]::vector$$),
  ($$'{Infinity}'::numeric[]::vector$$), ($$'{1e39}'::numeric[]::vector$$),
  ($$array_fill(1, ARRAY[16001])::vector$$), ($$array_fill(1::real, ARRAY[16001])::vector$$), ($$array_fill(1::float8, ARRAY[16001])::vector$$),
  ($$array_fill(1::numeric, ARRAY[16001])::vector$$),
  ($$'[1,2,3]'::vector::vector(2)$$), ($$vector('[1,2]', 3, false)$$),
  ($$pg_temp.text_array_to_vector('{1}', -1, false)$$), ($$pg_temp.text_array_to_vector('{}', -1, false)$$)
) t(statement);
