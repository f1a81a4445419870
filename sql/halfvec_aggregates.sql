-- avg and sum: alone, grouped, over windows, in parallel, and their states as anybody may pass them.
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

SELECT avg(v), sum(v) FROM (VALUES ('[1,2,3]'::halfvec), ('[3,5,7]')) t(v);
SELECT avg(v), sum(v) FROM (VALUES ('[1,2,3]'::halfvec), ('[3,5,7]'), (NULL)) t(v);
SELECT avg(v), sum(v) FROM (VALUES (NULL::halfvec)) t(v);
SELECT avg(v), sum(v) FROM (SELECT '[1]'::halfvec v WHERE false) t;
SELECT avg(v), sum(v) FROM (VALUES ('[0.1,6e-8]'::halfvec)) t(v);
SELECT avg(v) FROM (VALUES ('[60000]'::halfvec), ('[60000]'), ('[-60000]')) t(v);

-- The inputs of an aggregate are not its state.
CREATE TABLE halfvec_aggregates (id int, v halfvec);
INSERT INTO halfvec_aggregates SELECT i, ARRAY[i, -i, 1]::halfvec FROM generate_series(1, 6) i;
SELECT id % 2 AS odd, avg(v), sum(v), sum(DISTINCT v), count(*) FROM halfvec_aggregates GROUP BY 1 ORDER BY 1;
SELECT id, avg(v) OVER w, sum(v) OVER w FROM halfvec_aggregates WINDOW w AS (ORDER BY id ROWS 1 PRECEDING) ORDER BY id;
SELECT id, avg(v) OVER w, sum(v) OVER w FROM halfvec_aggregates WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT id % 2 AS odd, avg(v), sum(v) FROM halfvec_aggregates GROUP BY ROLLUP (1) ORDER BY 1;
SELECT sum(v + v), sum(v), avg(v) FROM halfvec_aggregates;
SELECT * FROM halfvec_aggregates ORDER BY id;
DROP TABLE halfvec_aggregates;

-- Toasted values, whose sum starts with a copy of the first.
CREATE TABLE halfvec_aggregates (v halfvec);
INSERT INTO halfvec_aggregates SELECT array_fill(i, ARRAY[2000])::halfvec FROM generate_series(1, 10) i;
SELECT sum(v) = array_fill(55, ARRAY[2000])::halfvec, avg(v) = array_fill(5.5, ARRAY[2000])::halfvec FROM halfvec_aggregates;
SELECT count(DISTINCT v), min(v::text) = '[' || repeat('1,', 1999) || '1]' FROM halfvec_aggregates;

-- Parallel
INSERT INTO halfvec_aggregates SELECT array_fill(i % 7, ARRAY[2000])::halfvec FROM generate_series(1, 500) i;
ANALYZE halfvec_aggregates;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT sum(v), avg(v) FROM halfvec_aggregates;
SELECT subvector(sum(v), 1, 2), subvector(avg(v), 1999, 2) FROM halfvec_aggregates;
SELECT avg(v) FROM halfvec_aggregates WHERE v = '[1]';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
DROP TABLE halfvec_aggregates;

SELECT halfvec_accum('{0}', '[1,2]'), halfvec_accum('{1,1,2}', '[3,4]'), halfvec_accum('{7}', '[3]');
SELECT halfvec_combine('{0}', '{0}'), halfvec_combine('{2,1,2}', '{0}'), halfvec_combine('{0}', '{2,1,2}'), halfvec_combine('{1,2,3}', '{2,1,2}');
SELECT halfvec_avg('{0}'), halfvec_avg('{2,1,3}'), halfvec_avg('{0,1}'), halfvec_avg('[4:6]={4,2,4}');
-- A state passed as a value stays as it is.
SELECT s, halfvec_accum(s, '[1,1]'), s FROM (VALUES ('{1,2,3}'::float8[])) t(s);

SELECT statement, pg_temp.error_of(statement) FROM (VALUES
  ($$SELECT avg(v) FROM (VALUES ('[1,2]'::halfvec), ('[3]')) t(v)$$), ($$SELECT sum(v) FROM (VALUES ('[1,2]'::halfvec), ('[3]')) t(v)$$),
  ($$SELECT sum(v) FROM (VALUES ('[60000]'::halfvec), ('[60000]')) t(v)$$),
  ($$SELECT halfvec_accum('{}', '[1]')$$), ($$SELECT halfvec_accum('{{0}}', '[1]')$$), ($$SELECT halfvec_accum('{NULL}', '[1]')$$),
  ($$SELECT halfvec_accum('{0,1}', '[1,2]')$$), ($$SELECT halfvec_accum('{0,1,2,3}', '[1,2]')$$), ($$SELECT halfvec_accum('{1,Infinity}', '[1]')$$),
  ($$SELECT halfvec_accum('{1,NaN}', '[1]')$$), ($$SELECT halfvec_accum('{1,1.7976931348623157e308}', '[1]')$$),
  ($$SELECT halfvec_combine('{}', '{0}')$$), ($$SELECT halfvec_combine('{0}', '{}')$$), ($$SELECT halfvec_combine('{0}', '{{0}}')$$),
  ($$SELECT halfvec_combine('{1,NULL}', '{0}')$$), ($$SELECT halfvec_combine('{1,2}', '{1,2,3}')$$), ($$SELECT halfvec_combine('{1,1e308}', '{1,1e308}')$$),
  ($$SELECT halfvec_combine(array_fill(1::float8, ARRAY[16002]), '{0}')$$), ($$SELECT halfvec_combine('{0}', array_fill(1::float8, ARRAY[16002]))$$),
  ($$SELECT halfvec_combine(array_fill(1::float8, ARRAY[16002]), array_fill(1::float8, ARRAY[16002]))$$),
  ($$SELECT halfvec_combine('{1,2}', array_fill(1::float8, ARRAY[16002]))$$),
  ($$SELECT halfvec_avg('{}')$$), ($$SELECT halfvec_avg('{{1,2}}')$$), ($$SELECT halfvec_avg('{1,NULL}')$$), ($$SELECT halfvec_avg('{1}')$$),
  ($$SELECT halfvec_avg('{1,NaN}')$$), ($$SELECT halfvec_avg('{1,65520}')$$), ($$SELECT halfvec_avg('{1,-Infinity,NaN}')$$), ($$SELECT halfvec_avg('{NaN,1}')$$),
  ($$SELECT halfvec_avg(array_fill(1::float8, ARRAY[16002]))$$), ($$SELECT vector_dims(halfvec_avg(array_fill(1::float8, ARRAY[16001])))$$)
) t(statement);
