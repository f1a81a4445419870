-- When the planner takes the index
SET jit = off;
CREATE TABLE ivfflat_planner (id int, v vector(3), g int);
INSERT INTO ivfflat_planner SELECT i, ARRAY[i % 100, i % 37, i % 11]::vector, i % 1000 FROM generate_series(1, 20000) i;
CREATE INDEX ON ivfflat_planner USING ivfflat (v) WITH (lists = 50);
ANALYZE ivfflat_planner;
EXPLAIN (COSTS OFF) SELECT * FROM ivfflat_planner ORDER BY v <-> '[1,2,3]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT * FROM ivfflat_planner ORDER BY v <-> '[1,2,3]';
EXPLAIN (COSTS OFF) SELECT * FROM ivfflat_planner ORDER BY v <-> '[1,2,3]' DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT * FROM ivfflat_planner ORDER BY v <=> '[1,2,3]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT count(*) FROM ivfflat_planner;
EXPLAIN (COSTS OFF) SELECT * FROM ivfflat_planner WHERE v <-> '[1,2,3]' < 1;
-- With all lists to be read
SET ivfflat.probes = 50;
EXPLAIN (COSTS OFF) SELECT * FROM ivfflat_planner ORDER BY v <-> '[1,2,3]' LIMIT 10;
DROP TABLE ivfflat_planner;
