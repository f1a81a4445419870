-- Casts between sparsevec, vector, halfvec and arrays.
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

SELECT '[0,1.5,0,3.5,-0]'::vector::sparsevec, '{2:1.5,4:3.5}/5'::sparsevec::vector, '[0,0]'::vector::sparsevec, '{}/2'::sparsevec::vector;
SELECT '[0,1.5,0,6e-8,-0]'::halfvec::sparsevec, '{2:1.5,4:0.1,5:1e-8}/5'::sparsevec::halfvec, '{}/2'::sparsevec::halfvec;
SELECT vector_to_sparsevec('[1,0]', 2, true), sparsevec_to_vector('{1:1}/2', -1, false), halfvec_to_sparsevec('[0,1]', 2, false), sparsevec_to_halfvec('{1:1}/2', 2, true);
SELECT ARRAY[1,0,2,0]::sparsevec, ARRAY[0,1.5]::real[]::sparsevec, ARRAY[0.1,0]::double precision[]::sparsevec, ARRAY[0,0.1]::numeric[]::sparsevec;
SELECT '{1,0}'::integer[]::sparsevec(2), '{1,0}'::real[]::sparsevec(2), '{1,0}'::double precision[]::sparsevec(2), '{1,0}'::numeric[]::sparsevec(2);
SELECT '{1e-45,3.4028235e38,0.0}'::numeric[]::sparsevec;
SELECT '{1e-46,1e-45,1e-300}'::double precision[]::sparsevec, '{16777217,0,-2147483648}'::integer[]::sparsevec, '{-0,0}'::real[]::sparsevec;
SELECT '[5:7]={1,0,3}'::integer[]::sparsevec, (ARRAY[1,0,3,NULL])[1:3]::sparsevec;
SELECT '{1:1}/3'::sparsevec::sparsevec(3), sparsevec('{1:1}/3', 3, false), sparsevec('{1:1}/3', -1, true);
-- More elements than a dense vector may have, as long as few of them are not zero.
SELECT l2_norm((array_fill(0, ARRAY[100000]) || 3)::sparsevec), (array_fill(0, ARRAY[20000]) || 3)::sparsevec, (array_fill(0::numeric, ARRAY[20000]) || 2.5)::sparsevec;
SELECT l2_norm((array_fill(1, ARRAY[16000]) || array_fill(0, ARRAY[16000]))::sparsevec), vector_dims(array_fill(1, ARRAY[16000])::vector::sparsevec::vector), vector_dims(array_fill(1, ARRAY[16000])::halfvec::sparsevec::halfvec);

-- Assignment and implicit casts
CREATE TABLE sparsevec_casts (s sparsevec(3), v vector, h halfvec);
INSERT INTO sparsevec_casts VALUES (ARRAY[1,0,3], '{2:1}/2'::sparsevec, '{2:1}/2'::sparsevec);
INSERT INTO sparsevec_casts (s) VALUES ('[1,0,2]'::vector), ('[1,0,2]'::halfvec), ('{4,0,6}'::real[]), ('{7,0,9}'::float8[]), ('{7,0,9.5}'::numeric[]);
SELECT * FROM sparsevec_casts;
SELECT l2_distance('{1:1}/2'::sparsevec, '[1,2]'::vector), '{1:1}/2'::sparsevec <-> '[1,2]'::halfvec;
DROP TABLE sparsevec_casts;

DO $$
BEGIN
  EXECUTE format('CREATE FUNCTION pg_temp.text_array_to_sparsevec(text[], integer, boolean) RETURNS sparsevec AS %L, %L LANGUAGE C STRICT',
    (SELECT probin FROM pg_proc WHERE proname = 'sparsevec_in'), 'array_to_sparsevec');
END
$$;

SELECT statement, pg_temp.error_of('SELECT ' || statement) FROM (VALUES
  ($$'[1,2]'::vector::sparsevec(3)$$), ($$'{}/2'::sparsevec::vector(3)$$), ($$'[1,2]'::halfvec::sparsevec(3)$$), ($$'{}/2'::sparsevec::halfvec(3)$$), ($$'{}/2'::sparsevec::sparsevec(3)$$),
  ($$'{}/16001'::sparsevec::vector$$), ($$'{}/16001'::sparsevec::halfvec$$), ($$'{}/1000000000'::sparsevec::vector(3)$$), ($$'{}/1000000000'::sparsevec::halfvec(3)$$),
  ($$'{1:65520}/2'::sparsevec::halfvec$$), ($$'{2:-3e38}/2'::sparsevec::halfvec$$), ($$sparsevec('{}/2', 3, false)$$),
  ($$'{}'::integer[]::sparsevec$$), ($$'{}'::real[]::sparsevec$$), ($$'{}'::double precision[]::sparsevec$$), ($$'{}'::numeric[]::sparsevec$$),
  ($$'{1,NULL}'::integer[]::sparsevec$$), ($$'{NULL}'::real[]::sparsevec$$), ($$'{1,NULL}'::double precision[]::sparsevec$$), ($$'{1,NULL}'::numeric[]::sparsevec$$),
  ($$'{{1,2},{3,4}}'::integer[]::sparsevec$$), ($$'{{1}}'::real[]::sparsevec$$), ($$'{{1}}'::double precision[]::sparsevec$$), ($$'{{{1}}}'::numeric[]::sparsevec$$),
  ($$'{1,0,3}'::integer[]::sparsevec(2)$$), ($$'{1,0,3}'::real[]::sparsevec(2)$$), ($$'{1,0,3}'::double precision[]::sparsevec(4)$$), ($$'{1,0,3}'::numeric[]::sparsevec(4)$$),
  ($$'{0,NaN}'::real[]::sparsevec$$), ($$'{1,NaN,Infinity}'::double precision[]::sparsevec$$), ($$'{NaN}'::numeric[]::sparsevec$$),
  ($$'{Infinity}'::real[]::sparsevec$$), ($$'{-Infinity,NaN}'::double precision[]::sparsevec$$), ($$'{1e39}'::double precision[]::sparsevec$$),
  ($$'{1e39}'::numeric[]::sparsevec$$), ($$array_fill(1, ARRAY[16001])::sparsevec$$), ($$array_fill(1::real, ARRAY[16001])::sparsevec$$),
  ($$array_fill(1::float8, ARRAY[16001])::sparsevec$$), ($$array_fill(1::numeric, ARRAY[16001])::sparsevec$$), ($$array_fill('NaN'::real, ARRAY[16001])::sparsevec$$),
  ($$pg_temp.text_array_to_sparsevec('{1}', -1, false)$$), ($$pg_temp.text_array_to_sparsevec('{}', -1, false)$$)
) t(statement);
