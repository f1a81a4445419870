-- Distances, arithmetic and the other functions, each through its operator as well.
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

SELECT l2_distance('[0,0]'::vector, '[3,4]'), '[0,0]'::vector <-> '[3,4]', vector_l2_squared_distance('[0,0]', '[3,4]');
SELECT l2_distance('[0,0]'::vector, '[0,1]'), l2_distance('[1,2,3]'::vector, '[1,2,3]'), l2_distance('[3e38]'::vector, '[-3e38]');
SELECT inner_product('[1,2]'::vector, '[3,4]'), '[1,2]'::vector <#> '[3,4]', vector_negative_inner_product('[1,2]', '[3,4]');
SELECT inner_product('[1]'::vector, '[-2]'), inner_product('[3e38]'::vector, '[3e38]'), inner_product('[1,0]'::vector, '[0,1]'), '[3e38]'::vector <#> '[3e38]';
SELECT cosine_distance('[1,2]'::vector, '[2,4]'), '[1,2]'::vector <=> '[-1,-2]', cosine_distance('[1,0]'::vector, '[0,2]'), cosine_distance('[1,1]'::vector, '[1,1]');
SELECT cosine_distance('[1,2]'::vector, '[0,0]'), cosine_distance('[0,0]'::vector, '[0,0]'), cosine_distance('[3e38]'::vector, '[3e38]');
SELECT cosine_distance('[1,1]'::vector, '[1.1,1.1]'), cosine_distance('[1,1]'::vector, '[-1.1,-1.1]');
SELECT l1_distance('[0,0]'::vector, '[3,-4]'), '[0,0]'::vector <+> '[0,1]', l1_distance('[3e38,3e38]'::vector, '[0,0]'), l1_distance('[1,2]'::vector, '[1,2]');
SELECT vector_spherical_distance('[1,0]', '[0,1]'), vector_spherical_distance('[1,0]', '[-1,0]'), vector_spherical_distance('[1,0]', '[1,0]'),
  vector_spherical_distance('[2,0]', '[1,0]'), vector_spherical_distance('[-2,0]', '[1,0]');

-- Every dimension up to 100: no tail of a kernel is forgotten. Sums of small integers are exact in any order.
SELECT d, a <-> b AS l2, a <#> b AS ip, a <+> b AS l1 FROM (
  SELECT d, array_agg(i)::vector AS a, array_agg(d - 2 * i)::vector AS b FROM generate_series(1, 100) d, generate_series(1, d) i GROUP BY d) t
  WHERE (a <-> b) <> (SELECT sqrt(sum((d - 3 * i) ^ 2)) FROM generate_series(1, d) i)
     OR (a <#> b) <> (SELECT -sum(i * (d - 2 * i)) FROM generate_series(1, d) i)
     OR (a <+> b) <> (SELECT sum(abs(d - 3 * i)) FROM generate_series(1, d) i)
     OR abs((a <=> b) - (SELECT 1 - sum(i * (d - 2 * i)) / sqrt(sum(i * i) * sum((d - 2 * i) ^ 2)) FROM generate_series(1, d) i)) > 1e-6
     OR abs(vector_norm(a) - (SELECT sqrt(sum(i * i)) FROM generate_series(1, d) i)) > 1e-12
     OR a + b <> (SELECT array_agg(d - i)::vector FROM generate_series(1, d) i)
     OR a - b <> (SELECT array_agg(3 * i - d)::vector FROM generate_series(1, d) i)
     OR a * b <> (SELECT array_agg(i * (d - 2 * i))::vector FROM generate_series(1, d) i);

SELECT vector_dims('[1,2,3]'::vector), vector_norm('[3,4]'), vector_norm('[0,0]'), vector_norm('[0,1]'), vector_norm('[3e37,4e37]'), vector_norm('[1e-45]');
SELECT l2_normalize('[3,4]'::vector), l2_normalize('[3,0]'::vector), l2_normalize('[0,0.1]'::vector), l2_normalize('[0,-0]'::vector), l2_normalize('[3e38,3e38]'::vector), l2_normalize('[1e-45]'::vector);
SELECT l2_normalize('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]'::vector);

SELECT '[1,2,3]'::vector + '[4,5,6]', '[1,2,3]'::vector - '[4,5,7]', '[1,2,3]'::vector * '[4,5,-6]', '[1,2,3]'::vector || '[4,5]';
SELECT vector_add('[1]', '[-1]'), vector_sub('[1]', '[1]'), vector_mul('[0,-1]', '[-1e-45,0]'), vector_concat('[1]', '[2]');
SELECT subvector('[1,2,3,4,5]'::vector, 1, 3), subvector('[1,2,3,4,5]'::vector, 3, 2), subvector('[1,2,3,4,5]'::vector, 5, 1);
SELECT subvector('[1,2,3,4,5]'::vector, 3, 9), subvector('[1,2,3,4,5]'::vector, 1, 2147483647), subvector('[1,2,3,4,5]'::vector, 3, 2147483647);
SELECT subvector('[1,2,3,4,5]'::vector, 0, 3), subvector('[1,2,3,4,5]'::vector, -1, 4);

SELECT statement, pg_temp.error_of('SELECT ' || statement) FROM (VALUES
  ($$l2_distance('[1,2]'::vector, '[3]')$$), ($$vector_l2_squared_distance('[1,2]', '[3]')$$), ($$inner_product('[1,2]'::vector, '[3]')$$),
  ($$vector_negative_inner_product('[1,2]', '[3]')$$), ($$cosine_distance('[1,2]'::vector, '[3]')$$), ($$vector_spherical_distance('[1]', '[3,4]')$$),
  ($$l1_distance('[1]'::vector, '[3,4]')$$), ($$'[1,2]'::vector <-> '[3]'$$), ($$'[1,2]'::vector <#> '[3]'$$), ($$'[1,2]'::vector <=> '[3]'$$),
  ($$'[1,2]'::vector <+> '[3]'$$), ($$'[1]'::vector + '[1,2]'$$), ($$'[1]'::vector - '[1,2]'$$), ($$'[1]'::vector * '[1,2]'$$),
  ($$'[3e38]'::vector + '[3e38]'$$), ($$'[0,-3e38]'::vector + '[0,-3e38]'$$), ($$'[3e38]'::vector - '[-3e38]'$$), ($$'[1e37]'::vector * '[1e37]'$$),
  ($$'[1e-37]'::vector * '[1e-37]'$$), ($$'[1e37,1e-37]'::vector * '[1e37,1e-37]'$$), ($$'[1e-37,1e37]'::vector * '[1e-37,1e37]'$$),
  ($$array_fill(1, ARRAY[16000])::vector || '[1]'$$), ($$array_fill(1, ARRAY[16000])::vector || array_fill(1, ARRAY[16000])::vector$$),
  ($$subvector('[1,2,3]'::vector, 1, 0)$$), ($$subvector('[1,2,3]'::vector, 1, -1)$$), ($$subvector('[1,2,3]'::vector, 4, 1)$$), ($$subvector('[1,2,3]'::vector, -1, 2)$$),
  ($$subvector('[1,2,3]'::vector, 2147483647, 10)$$), ($$subvector('[1,2,3]'::vector, -2147483648, 2147483647)$$), ($$subvector('[1,2,3]'::vector, 2, -2147483648)$$)
) t(statement);
SELECT vector_dims(array_fill(1, ARRAY[15999])::vector || '[1]');

-- Nulls give null.
SELECT '[1]'::vector <-> NULL, NULL::vector + '[1]', subvector(NULL::vector, 1, 1), vector_norm(NULL), l2_normalize(NULL::vector), vector_dims(NULL::vector);
