-- The planner takes the index for the nearest few, and leaves it where something else is cheaper.
SET jit = off;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE hnsw_planner (id int PRIMARY KEY, category int, v vector(64)) WITH (autovacuum_enabled = off);
INSERT INTO hnsw_planner SELECT i, i % 1000, (SELECT array_agg((i * (d + 3) + i * i % (d + 11)) % 101) FROM generate_series(1, 64) d)::vector FROM generate_series(1, 5000) i;
CREATE INDEX hnsw_planner_index ON hnsw_planner USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32);
CREATE INDEX ON hnsw_planner (category);
VACUUM ANALYZE hnsw_planner;
SELECT v AS q FROM hnsw_planner WHERE id = 1 \gset
-- Shows which nodes a plan has: the query's vector is too long to print, and versions differ in what else they say.
CREATE FUNCTION hnsw_plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    IF line !~ ' Sort Key:| Order By:| Disabled:|Filter: .*<->' THEN RETURN NEXT regexp_replace(line, ' \(returns \$\d+\)', ''); END IF;
  END LOOP;
END
$$;
SELECT hnsw_plan(format('SELECT * FROM hnsw_planner ORDER BY v <-> %L LIMIT 10', :'q'));
SELECT hnsw_plan('SELECT * FROM hnsw_planner ORDER BY v <-> (SELECT v FROM hnsw_planner WHERE id = 5) LIMIT 10');
SELECT hnsw_plan(format('SELECT * FROM hnsw_planner WHERE id > 7 ORDER BY v <-> %L LIMIT 10', :'q'));
-- A condition that few rows fulfil: its own index, and a sort
SELECT hnsw_plan(format('SELECT * FROM hnsw_planner WHERE category = 5 ORDER BY v <-> %L LIMIT 10', :'q'));
SELECT hnsw_plan(format('SELECT * FROM hnsw_planner WHERE id = 5 ORDER BY v <-> %L LIMIT 10', :'q'));
-- All rows in order, which the index could not even give
SELECT hnsw_plan(format('SELECT * FROM hnsw_planner ORDER BY v <-> %L', :'q'));
SELECT hnsw_plan(format('SELECT * FROM hnsw_planner ORDER BY v <-> %L LIMIT 5000', :'q'));
-- No order, another order, aggregates
SELECT hnsw_plan('SELECT count(*) FROM hnsw_planner');
SELECT hnsw_plan(format('SELECT * FROM hnsw_planner ORDER BY v <-> %L DESC LIMIT 10', :'q'));
SELECT hnsw_plan(format('SELECT * FROM hnsw_planner ORDER BY v <#> %L LIMIT 10', :'q'));
SELECT hnsw_plan(format('SELECT * FROM hnsw_planner WHERE v <-> %L < 5', :'q'));
SELECT hnsw_plan('SELECT * FROM hnsw_planner ORDER BY v LIMIT 10');
-- even where nothing else is allowed
SET enable_seqscan = off;
SELECT hnsw_plan('SELECT count(v) FROM hnsw_planner');
SELECT count(v) FROM hnsw_planner;
RESET enable_seqscan;
-- A wider search costs more, and more pages.
CREATE FUNCTION hnsw_cost(ef int, k int) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
  PERFORM set_config('hnsw.ef_search', ef::text, true), set_config('enable_seqscan', 'off', true);
  EXECUTE format('EXPLAIN (FORMAT json) SELECT * FROM hnsw_planner ORDER BY v <-> %L LIMIT %s', (SELECT v FROM hnsw_planner WHERE id = 1), k) INTO plan;
  IF plan #>> '{0,Plan,Plans,0,Index Name}' <> 'hnsw_planner_index' THEN RAISE 'another plan: %', plan; END IF;
  RETURN plan #>> '{0,Plan,Total Cost}';
END
$$;
SELECT hnsw_cost(10, 10) < hnsw_cost(40, 10) AS wider, hnsw_cost(40, 10) < hnsw_cost(400, 10) AS much_wider, hnsw_cost(40, 1) < hnsw_cost(40, 20) AS more_rows;
-- A small table is not worth an index.
CREATE TABLE hnsw_small (id int, v vector(3));
INSERT INTO hnsw_small SELECT i, ARRAY[i, 1, 2]::vector FROM generate_series(1, 20) i;
CREATE INDEX ON hnsw_small USING hnsw (v vector_l2_ops);
VACUUM ANALYZE hnsw_small;
EXPLAIN (COSTS OFF) SELECT * FROM hnsw_small ORDER BY v <-> '[1,2,3]' LIMIT 5;
DROP TABLE hnsw_small;
DROP FUNCTION hnsw_plan, hnsw_cost;
DROP TABLE hnsw_planner;
