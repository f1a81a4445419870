-- vectorx_kmeans and vectorx_nearest_centroid
CREATE TABLE cluster (id int, v vector(2), h halfvec(2));
INSERT INTO cluster SELECT i, ARRAY[i % 4 * 100, i / 4 % 3]::vector, ARRAY[i % 4 * 100, i / 4 % 3]::halfvec FROM generate_series(0, 119) i;
INSERT INTO cluster VALUES (1000, NULL, NULL);
SELECT c FROM unnest(vectorx_kmeans('SELECT v FROM cluster', 4)) c ORDER BY c;
SELECT c FROM unnest(vectorx_kmeans('SELECT h, id FROM cluster WHERE id < 100000', 4)) c ORDER BY c;
SELECT array_length(vectorx_kmeans('SELECT v FROM cluster', 12), 1), array_length(vectorx_kmeans('SELECT v FROM cluster', 100), 1);
SELECT vectorx_kmeans('SELECT v FROM cluster WHERE id < 0', 4);
SELECT vectorx_kmeans('SELECT ARRAY[i, i]::vector FROM generate_series(1, 1000) i', 1, max_rows => 1000);
SELECT array_length(vectorx_kmeans('SELECT ARRAY[i, i]::vector FROM generate_series(1, 1000) i', 50, max_rows => 10), 1);
-- By direction: centroids have unit length, zero vectors count for nothing.
SELECT c FROM unnest(vectorx_kmeans($$VALUES ('[0,5]'::vector), ('[0,1]'), ('[3,0]'), ('[7,0]'), ('[0,0]')$$, 2, '<=>')) c ORDER BY c;
SELECT vectorx_kmeans('SELECT NULL::vector', NULL);
-- Centroids far from the origin keep their digits.
SELECT c FROM unnest(vectorx_kmeans('SELECT ARRAY[1000000 + i % 2]::vector FROM generate_series(1, 100) i', 2)) c ORDER BY c;

-- Routing
SELECT n, count(*) FROM cluster, vectorx_nearest_centroid(v, ARRAY['[0,0]', '[100,0]', '[250,0]']::vector[]) n GROUP BY n ORDER BY n;
SELECT d, vectorx_nearest_centroid('[1,1]', ARRAY['[0,0]', '[5,5]', '[-9,1]', '[1,2]']::vector[], d) FROM unnest(ARRAY['<->', '<#>', '<=>', '<+>']) d;
SELECT vectorx_nearest_centroid('[1,1]', '[3:4]={"[0,0]","[1,1]"}'::vector[]);
CREATE TABLE cluster_routed (v vector(2), shard int GENERATED ALWAYS AS (vectorx_nearest_centroid(v, '{"[0,0]","[100,0]"}')) STORED);
INSERT INTO cluster_routed VALUES ('[1,2]'), ('[99,3]'), (NULL);
SELECT * FROM cluster_routed;

-- What cannot be
SELECT vectorx_kmeans('SELECT id FROM cluster', 2);
\echo SQLSTATE :SQLSTATE
SELECT vectorx_kmeans('SELECT v FROM cluster; SELECT v FROM cluster', 2);
SELECT vectorx_kmeans('DELETE FROM cluster RETURNING v', 2);
\echo SQLSTATE :SQLSTATE
SELECT vectorx_kmeans('DELETE FROM cluster', 2);
SELECT vectorx_kmeans('SELECT v FROM', 2);
SELECT vectorx_kmeans('', 2);
SELECT vectorx_kmeans('SELECT v FROM cluster', 0);
\echo SQLSTATE :SQLSTATE
SELECT vectorx_kmeans('SELECT v FROM cluster', 32769);
SELECT vectorx_kmeans('SELECT v FROM cluster', 2, '<+>');
\echo SQLSTATE :SQLSTATE
SELECT vectorx_kmeans('SELECT v FROM cluster', 2, max_rows => 0);
SELECT vectorx_kmeans($$VALUES ('[1,2]'::vector), ('[1,2,3]')$$, 2);
SELECT vectorx_nearest_centroid('[1]', ARRAY[]::vector[]);
SELECT vectorx_nearest_centroid('[1]', ARRAY['[1]', NULL]::vector[]);
SELECT vectorx_nearest_centroid('[1]', ARRAY[ARRAY['[1]', '[2]']]::vector[]);
SELECT vectorx_nearest_centroid('[1]', ARRAY['[1,2]']::vector[]);
SELECT vectorx_nearest_centroid('[1]', ARRAY['[1]']::vector[], '<~>');
SELECT count(*) FROM cluster;
-- The query has the caller's rights and no more.
CREATE ROLE regress_cluster;
SET ROLE regress_cluster;
SELECT vectorx_kmeans('SELECT v FROM cluster', 2);
\echo SQLSTATE :SQLSTATE
RESET ROLE;
DROP ROLE regress_cluster;
DROP TABLE cluster, cluster_routed;
