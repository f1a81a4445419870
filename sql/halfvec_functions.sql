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

SELECT l2_distance('[0,0]'::halfvec, '[3,4]'), '[0,0]'::halfvec <-> '[3,4]', halfvec_l2_squared_distance('[0,0]', '[3,4]');
SELECT l2_distance('[0,0]'::halfvec, '[0,1]'), l2_distance('[1,2,3]'::halfvec, '[1,2,3]'), l2_distance('[60000]'::halfvec, '[-60000]');
SELECT inner_product('[1,2]'::halfvec, '[3,4]'), '[1,2]'::halfvec <#> '[3,4]', halfvec_negative_inner_product('[1,2]', '[3,4]');
SELECT inner_product('[1]'::halfvec, '[-2]'), inner_product('[60000]'::halfvec, '[60000]'), inner_product('[1,0]'::halfvec, '[0,1]'), '[60000]'::halfvec <#> '[60000]';
SELECT cosine_distance('[1,2]'::halfvec, '[2,4]'), '[1,2]'::halfvec <=> '[-1,-2]', cosine_distance('[1,0]'::halfvec, '[0,2]'), cosine_distance('[1,1]'::halfvec, '[1,1]');
SELECT cosine_distance('[1,2]'::halfvec, '[0,0]'), cosine_distance('[0,0]'::halfvec, '[0,0]'), cosine_distance('[60000]'::halfvec, '[60000]');
SELECT cosine_distance('[1,1]'::halfvec, '[1.1,1.1]'), cosine_distance('[1,1]'::halfvec, '[-1.1,-1.1]');
SELECT l1_distance('[0,0]'::halfvec, '[3,-4]'), '[0,0]'::halfvec <+> '[0,1]', l1_distance('[60000,60000]'::halfvec, '[0,0]'), l1_distance('[1,2]'::halfvec, '[1,2]');
SELECT halfvec_spherical_distance('[1,0]', '[0,1]'), halfvec_spherical_distance('[1,0]', '[-1,0]'), halfvec_spherical_distance('[1,0]', '[1,0]'),
  halfvec_spherical_distance('[2,0]', '[1,0]'), halfvec_spherical_distance('[-2,0]', '[1,0]');

-- Every dimension up to 100: no tail of a kernel is forgotten. Sums of small integers are exact in any order.
SELECT d, a <-> b AS l2, a <#> b AS ip, a <+> b AS l1 FROM (
  SELECT d, array_agg(i)::halfvec AS a, array_agg(d - 2 * i)::halfvec AS b FROM generate_series(1, 100) d, generate_series(1, d) i GROUP BY d) t
  WHERE (a <-> b) <> (SELECT sqrt(sum((d - 3 * i) ^ 2)) FROM generate_series(1, d) i)
     OR (a <#> b) <> (SELECT -sum(i * (d - 2 * i)) FROM generate_series(1, d) i)
     OR (a <+> b) <> (SELECT sum(abs(d - 3 * i)) FROM generate_series(1, d) i)
     OR abs((a <=> b) - (SELECT 1 - sum(i * (d - 2 * i)) / sqrt(sum(i * i) * sum((d - 2 * i) ^ 2)) FROM generate_series(1, d) i)) > 1e-6
     OR abs(l2_norm(a) - (SELECT sqrt(sum(i * i)) FROM generate_series(1, d) i)) > 1e-12
     OR a + b <> (SELECT array_agg(d - i)::halfvec FROM generate_series(1, d) i)
     OR a - b <> (SELECT array_agg(3 * i - d)::halfvec FROM generate_series(1, d) i)
     OR a * b <> (SELECT array_agg(i * (d - 2 * i))::halfvec FROM generate_series(1, d) i);

SELECT vector_dims('[1,2,3]'::halfvec), l2_norm('[3,4]'::halfvec), l2_norm('[0,0]'::halfvec), l2_norm('[0,1]'::halfvec), l2_norm('[3e3,4e3]'::halfvec), l2_norm('[6e-8]'::halfvec);
SELECT l2_normalize('[3,4]'::halfvec), l2_normalize('[3,0]'::halfvec), l2_normalize('[0,0.1]'::halfvec), l2_normalize('[0,-0]'::halfvec), l2_normalize('[60000,60000]'::halfvec), l2_normalize('[6e-8]'::halfvec);
SELECT l2_normalize('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]'::halfvec);

SELECT '[1,2,3]'::halfvec + '[4,5,6]', '[1,2,3]'::halfvec - '[4,5,7]', '[1,2,3]'::halfvec * '[4,5,-6]', '[1,2,3]'::halfvec || '[4,5]';
SELECT halfvec_add('[1]', '[-1]'), halfvec_sub('[1]', '[1]'), halfvec_mul('[0,-1]', '[-6e-8,0]'), halfvec_concat('[1]', '[2]');
SELECT subvector('[1,2,3,4,5]'::halfvec, 1, 3), subvector('[1,2,3,4,5]'::halfvec, 3, 2), subvector('[1,2,3,4,5]'::halfvec, 5, 1);
SELECT subvector('[1,2,3,4,5]'::halfvec, 3, 9), subvector('[1,2,3,4,5]'::halfvec, 1, 2147483647), subvector('[1,2,3,4,5]'::halfvec, 3, 2147483647);
SELECT subvector('[1,2,3,4,5]'::halfvec, 0, 3), subvector('[1,2,3,4,5]'::halfvec, -1, 4);

SELECT statement, pg_temp.error_of('SELECT ' || statement) FROM (VALUES
  ($$l2_distance('[1,2]'::halfvec, '[3]')$$), ($$halfvec_l2_squared_distance('[1,2]', '[3]')$$), ($$inner_product('[1,2]'::halfvec, '[3]')$$),
  ($$halfvec_negative_inner_product('[1,2]', '[3]')$$), ($$cosine_distance('[1,2]'::halfvec, '[3]')$$), ($$halfvec_spherical_distance('[1]', '[3,4]')$$),
  ($$l1_distance('[1]'::halfvec, '[3,4]')$$), ($$'[1,2]'::halfvec <-> '[3]'$$), ($$'[1,2]'::halfvec <#> '[3]'$$), ($$'[1,2]'::halfvec <=> '[3]'$$),
  ($$'[1,2]'::halfvec <+> '[3]'$$), ($$'[1]'::halfvec + '[1,2]'$$), ($$'[1]'::halfvec - '[1,2]'$$), ($$'[1]'::halfvec * '[1,2]'$$),
  ($$'[60000]'::halfvec + '[60000]'$$), ($$'[0,-60000]'::halfvec + '[0,-60000]'$$), ($$'[60000]'::halfvec - '[-60000]'$$), ($$'[3e2]'::halfvec * '[3e2]'$$),
  ($$'[1e-4]'::halfvec * '[1e-4]'$$), ($$'[3e2,1e-4]'::halfvec * '[3e2,1e-4]'$$), ($$'[1e-4,3e2]'::halfvec * '[1e-4,3e2]'$$),
  ($$array_fill(1, ARRAY[16000])::halfvec || '[1]'$$), ($$array_fill(1, ARRAY[16000])::halfvec || array_fill(1, ARRAY[16000])::halfvec$$),
  ($$subvector('[1,2,3]'::halfvec, 1, 0)$$), ($$subvector('[1,2,3]'::halfvec, 1, -1)$$), ($$subvector('[1,2,3]'::halfvec, 4, 1)$$), ($$subvector('[1,2,3]'::halfvec, -1, 2)$$),
  ($$subvector('[1,2,3]'::halfvec, 2147483647, 10)$$), ($$subvector('[1,2,3]'::halfvec, -2147483648, 2147483647)$$), ($$subvector('[1,2,3]'::halfvec, 2, -2147483648)$$)
) t(statement);
SELECT vector_dims(array_fill(1, ARRAY[15999])::halfvec || '[1]');

-- Nulls give null.
SELECT '[1]'::halfvec <-> NULL, NULL::halfvec + '[1]', subvector(NULL::halfvec, 1, 1), l2_norm(NULL::halfvec), l2_normalize(NULL::halfvec), vector_dims(NULL::halfvec);
