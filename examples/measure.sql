-- Recall and latency of the index on the sample: each question's ten nearest packages by exact search and by the index.
--
-- Prints one line: recall@10, then mean and median latency in ms of the exact search and of the index, separated by '|'.
-- Recall counts ties: a result is right if it is as near as the true tenth neighbour, whichever of the equals it is.
-- Latency is measured inside the server, of a prepared statement, in the second of two rounds.
\set ON_ERROR_STOP on
\set QUIET on
\pset tuples_only on
\pset format unaligned

SET client_min_messages = warning;
SET jit = off;
CREATE TEMP TABLE answers (how text, question int, ids int[], ms float8);

CREATE PROCEDURE pg_temp.answer(how text) LANGUAGE plpgsql AS $$
DECLARE
  q record;
  v vector;
  ids int[];
  started timestamptz;
BEGIN
  FOR round IN 1..2 LOOP
    FOR q IN SELECT * FROM questions ORDER BY id LOOP
      v := q.embedding;
      started := clock_timestamp();
      ids := ARRAY(SELECT id FROM packages ORDER BY embedding <=> v LIMIT 10);
      IF round = 2 THEN
        INSERT INTO answers VALUES (how, q.id, ids, 1000 * extract(epoch FROM clock_timestamp() - started));
      END IF;
    END LOOP;
  END LOOP;
END
$$;

SET enable_indexscan = off;
CALL pg_temp.answer('exact');
RESET enable_indexscan;
DISCARD PLANS;  -- what was planned without the index must not answer for it
CALL pg_temp.answer('index');

WITH distance AS (
  SELECT a.how, a.question, p.embedding <=> q.embedding AS distance
  FROM answers a
  JOIN questions q ON q.id = a.question
  CROSS JOIN LATERAL unnest(a.ids) AS found(id)
  JOIN packages p ON p.id = found.id
), tenth AS (
  SELECT question, max(distance) AS distance, count(*) AS results FROM distance WHERE how = 'exact' GROUP BY question
), latency AS (
  SELECT how, avg(ms) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS median FROM answers GROUP BY how
)
SELECT round((SELECT count(*) FROM distance d JOIN tenth t USING (question)
              WHERE d.how = 'index' AND d.distance <= t.distance)::numeric / (SELECT sum(results) FROM tenth), 4),
       round(e.mean::numeric, 3), round(e.median::numeric, 3), round(i.mean::numeric, 3), round(i.median::numeric, 3)
FROM latency e, latency i
WHERE e.how = 'exact' AND i.how = 'index';
