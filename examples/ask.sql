-- A question of the sample and its five nearest packages: psql -v question=14 -f examples/ask.sql
\set ON_ERROR_STOP on
\pset footer off
\pset border 0

SELECT quote_literal(question) AS text FROM questions WHERE id = :question \gset
\qecho
\qecho Question :question: :text
SELECT round((p.embedding <=> q.embedding)::numeric, 3) AS distance, p.package, p.summary
FROM questions q, LATERAL (SELECT * FROM packages ORDER BY embedding <=> q.embedding LIMIT 5) p
WHERE q.id = :question
ORDER BY p.embedding <=> q.embedding;
