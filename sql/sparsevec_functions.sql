-- Distances and the other functions of sparsevec, each through its operator as well.
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

SELECT l2_distance('{}/2'::sparsevec, '{1:3,2:4}/2'), '{}/2'::sparsevec <-> '{1:3,2:4}/2', sparsevec_l2_squared_distance('{}/2', '{1:3,2:4}/2');
SELECT l2_distance('{1:3}/2'::sparsevec, '{2:4}/2'), l2_distance('{2:4}/2'::sparsevec, '{1:3}/2'), l2_distance('{1:3,2:4}/2'::sparsevec, '{}/2'),
  l2_distance('{}/2'::sparsevec, '{}/2'), l2_distance('{1:3e38}/1'::sparsevec, '{1:-3e38}/1'), l2_distance('{1:1,2:2}/3'::sparsevec, '{1:1,2:2}/3');
SELECT inner_product('{1:1,2:2}/2'::sparsevec, '{1:3,2:4}/2'), '{1:1,2:2}/2'::sparsevec <#> '{1:3,2:4}/2', sparsevec_negative_inner_product('{1:1,2:2}/2', '{1:3,2:4}/2');
SELECT inner_product('{1:1}/2'::sparsevec, '{2:1}/2'), inner_product('{}/2'::sparsevec, '{2:1}/2'), inner_product('{1:3e38}/1'::sparsevec, '{1:3e38}/1'),
  inner_product('{1:1,3:3}/5'::sparsevec, '{2:7,3:2,5:1}/5'), '{1:3e38}/1'::sparsevec <#> '{1:3e38}/1', '{1:3e38,2:1}/3'::sparsevec <#> '{2:5,3:3e38}/3';
SELECT cosine_distance('{1:1,2:2}/2'::sparsevec, '{1:2,2:4}/2'), '{1:1,2:2}/2'::sparsevec <=> '{1:-1,2:-2}/2', cosine_distance('{1:1}/2'::sparsevec, '{2:2}/2');
SELECT cosine_distance('{1:1}/2'::sparsevec, '{}/2'), cosine_distance('{}/2'::sparsevec, '{}/2'), cosine_distance('{1:3e38}/1'::sparsevec, '{1:3e38}/1');
SELECT cosine_distance('{1:1,2:1}/2'::sparsevec, '{1:1.1,2:1.1}/2'), cosine_distance('{1:1,2:1}/2'::sparsevec, '{1:-1.1,2:-1.1}/2');
SELECT l1_distance('{}/2'::sparsevec, '{1:3,2:-4}/2'), '{1:3}/2'::sparsevec <+> '{2:-4}/2', l1_distance('{1:3e38}/2'::sparsevec, '{2:3e38}/2'), l1_distance('{1:1,2:2}/9'::sparsevec, '{1:1,2:2}/9');

-- Against dense vectors, whose elements are zero in different patterns. Sums of small integers are exact in any order.
CREATE TABLE sparsevec_functions AS SELECT d, p, array_agg(CASE WHEN i % p = 0 THEN i ELSE 0 END ORDER BY i)::vector AS v
  FROM unnest(ARRAY[1, 2, 3, 8, 31, 64, 100]) d, unnest(ARRAY[1, 2, 3, 7, 40, 101]) p, generate_series(1, d) i GROUP BY d, p;
SELECT a.d, a.p, b.p FROM sparsevec_functions a JOIN sparsevec_functions b USING (d), LATERAL (SELECT a.v::sparsevec AS s, b.v::sparsevec AS t) x
  WHERE (s <-> t) <> (a.v <-> b.v) OR (s <#> t) <> (a.v <#> b.v) OR (s <+> t) <> (a.v <+> b.v)
    OR abs((s <=> t) - (a.v <=> b.v)) BETWEEN 1e-6 AND 9 OR ((s <=> t) = 'NaN') <> ((a.v <=> b.v) = 'NaN')
    OR sparsevec_l2_squared_distance(s, t) <> vector_l2_squared_distance(a.v, b.v)
    OR l2_norm(s) <> vector_norm(a.v) OR sparsevec_cmp(s, t) <> vector_cmp(a.v, b.v) OR s::vector <> a.v;
DROP TABLE sparsevec_functions;

SELECT l2_norm('{1:3,9:4}/9'::sparsevec), l2_norm('{}/9'::sparsevec), l2_norm('{2:1}/1000000000'::sparsevec), l2_norm('{1:3e37,2:4e37}/2'::sparsevec);
SELECT l2_normalize('{1:3,9:4}/9'::sparsevec), l2_normalize('{}/9'::sparsevec), l2_normalize('{3:0.1}/9'::sparsevec), l2_normalize('{1:3e38,2:3e38}/9'::sparsevec), l2_normalize('{1:1e-45}/9'::sparsevec);
-- An element that becomes zero is no element any more.
SELECT l2_normalize('{1:3e38,2:1e-37,4:-3e38,5:1e-38}/9'::sparsevec), l2_normalize('{1:3e38,3:1e-8}/4'::sparsevec);

SELECT statement, pg_temp.error_of('SELECT ' || statement) FROM (VALUES
  ($$l2_distance('{}/2'::sparsevec, '{}/1')$$), ($$sparsevec_l2_squared_distance('{}/2', '{}/1')$$), ($$inner_product('{}/2'::sparsevec, '{}/1')$$),
  ($$sparsevec_negative_inner_product('{}/2', '{}/1')$$), ($$cosine_distance('{}/2'::sparsevec, '{}/1')$$), ($$l1_distance('{}/2'::sparsevec, '{}/1000000000')$$),
  ($$'{1:1}/2'::sparsevec <-> '{1:1}/3'$$), ($$'{}/2'::sparsevec <#> '{}/1'$$), ($$'{}/2'::sparsevec <=> '{}/1'$$), ($$'{}/2'::sparsevec <+> '{}/1'$$)
) t(statement);

-- Nulls give null.
SELECT '{}/1'::sparsevec <-> NULL, l2_norm(NULL::sparsevec), l2_normalize(NULL::sparsevec);
