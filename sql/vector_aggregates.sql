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

SELECT avg(v), sum(v) FROM (VALUES ('[1,2,3]'::vector), ('[3,5,7]')) t(v);
SELECT avg(v), sum(v) FROM (VALUES ('[1,2,3]'::vector), ('[3,5,7]'), (NULL)) t(v);
SELECT avg(v), sum(v) FROM (VALUES (NULL::vector)) t(v);
SELECT avg(v), sum(v) FROM (SELECT '[1]'::vector v WHERE false) t;
SELECT avg(v), sum(v) FROM (VALUES ('[0.1,1e-45]'::vector)) t(v);
SELECT avg(v) FROM (VALUES ('[3e38]'::vector), ('[3e38]'), ('[-3e38]')) t(v);

-- The inputs of an aggregate are not its state.
CREATE TABLE vector_aggregates (id int, v vector);
INSERT INTO vector_aggregates SELECT i, ARRAY[i, -i, 1]::vector FROM generate_series(1, 6) i;
SELECT id % 2 AS odd, avg(v), sum(v), sum(DISTINCT v), count(*) FROM vector_aggregates GROUP BY 1 ORDER BY 1;
SELECT id, avg(v) OVER w, sum(v) OVER w FROM vector_aggregates WINDOW w AS (ORDER BY id ROWS 1 PRECEDING) ORDER BY id;
SELECT id, avg(v) OVER w, sum(v) OVER w FROM vector_aggregates WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT id % 2 AS odd, avg(v), sum(v) FROM vector_aggregates GROUP BY ROLLUP (1) ORDER BY 1;
SELECT sum(v + v), sum(v), avg(v) FROM vector_aggregates;
SELECT * FROM vector_aggregates ORDER BY id;
DROP TABLE vector_aggregates;

-- Toasted values, whose sum starts with a copy of the first.
CREATE TABLE vector_aggregates (v vector);
INSERT INTO vector_aggregates SELECT array_fill(i, ARRAY[2000])::vector FROM generate_series(1, 10) i;
SELECT sum(v) = array_fill(55, ARRAY[2000])::vector, avg(v) = array_fill(5.5, ARRAY[2000])::vector FROM vector_aggregates;
SELECT count(DISTINCT v), min(v::text) = '[' || repeat('1,', 1999) || '1]' FROM vector_aggregates;

-- Parallel
INSERT INTO vector_aggregates SELECT array_fill(i, ARRAY[2000])::vector FROM generate_series(1, 500) i;
ANALYZE vector_aggregates;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT sum(v), avg(v) FROM vector_aggregates;
SELECT subvector(sum(v), 1, 2), subvector(avg(v), 1999, 2) FROM vector_aggregates;
SELECT avg(v) FROM vector_aggregates WHERE v = '[1]';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
DROP TABLE vector_aggregates;

SELECT vector_accum('{0}', '[1,2]'), vector_accum('{1,1,2}', '[3,4]'), vector_accum('{7}', '[3]');
SELECT vector_combine('{0}', '{0}'), vector_combine('{2,1,2}', '{0}'), vector_combine('{0}', '{2,1,2}'), vector_combine('{1,2,3}', '{2,1,2}');
SELECT vector_avg('{0}'), vector_avg('{2,1,3}'), vector_avg('{0,1}'), vector_avg('[4:6]={4,2,4}');
-- A state passed as a value stays as it is.
SELECT s, vector_accum(s, '[1,1]'), s FROM (VALUES ('{1,2,3}'::float8[])) t(s);

SELECT statement, pg_temp.error_of(statement) FROM (VALUES
  ($$SELECT avg(v) FROM (VALUES ('[1,2]'::vector), ('[3]')) t(v)$$), ($$SELECT sum(v) FROM (VALUES ('[1,2]'::vector), ('[3]')) t(v)$$),
  ($$SELECT sum(v) FROM (VALUES ('[3e38]'::vector), ('[3e38]')) t(v)$$),
  ($$SELECT vector_accum('{}', '[1]')$$), ($$SELECT vector_accum('{{0}}', '[1]')$$), ($$SELECT vector_accum('{NULL}', '[1]')$$),
  ($$SELECT vector_accum('{0,1}', '[1,2]')$$), ($$SELECT vector_accum('{0,1,2,3}', '[1,2]')$$), ($$SELECT vector_accum('{1,Infinity}', '[1]')$$),
  ($$SELECT vector_accum('{1,NaN}', '[1]')$$), ($$SELECT vector_accum('{1,1.7976931348623157e308}', '[1]')$$),
  ($$SELECT vector_combine('{}', '{0}')$$), ($$SELECT vector_combine('{0}', '{}')$$), ($$SELECT vector_combine('{0}', '{{0}}')$$),
  ($$SELECT vector_combine('{1,NULL}', '{0}')$$), ($$SELECT vector_combine('{1,2}', '{1,2,3}')$$), ($$SELECT vector_combine('{1,1e308}', '{1,1e308}')$$),
  ($$SELECT vector_combine(array_fill(1::float8, ARRAY[16002]), '{0}')$$), ($$SELECT vector_combine('{0}', array_fill(1::float8, ARRAY[16002]))$$),
  ($$SELECT vector_combine(array_fill(1::float8, ARRAY[16002]), array_fill(1::float8, ARRAY[16002]))$$),
  ($$SELECT vector_combine('{1,2}', array_fill(1::float8, ARRAY[16002]))$$),
  ($$SELECT vector_avg('{}')$$), ($$SELECT vector_avg('{{1,2}}')$$), ($$SELECT vector_avg('{1,NULL}')$$), ($$SELECT vector_avg('{1}')$$),
  ($$SELECT vector_avg('{1,NaN}')$$), ($$SELECT vector_avg('{1,1e39}')$$), ($$SELECT vector_avg('{1,-Infinity,NaN}')$$), ($$SELECT vector_avg('{NaN,1}')$$),
  ($$SELECT vector_avg(array_fill(1::float8, ARRAY[16002]))$$), ($$SELECT vector_dims(vector_avg(array_fill(1::float8, ARRAY[16001])))$$)
) t(statement);
