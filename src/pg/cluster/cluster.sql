-- Clustering from SQL.

CREATE FUNCTION vectorx_kmeans(query text, k integer, distance text DEFAULT '<->', max_rows integer DEFAULT NULL)
    RETURNS vector[]
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION vectorx_kmeans(text, integer, text, integer) IS
    'centroids (k-means, start by k-means||, arXiv 1203.6402) of at most k groups of what a query returns, whose first column is vector or halfvec; the query runs with the rights of the caller and may only read. distance is <->, or <=> or <#> for centroids of unit length that divide by direction. Of more than max_rows rows (by default 256 for each centroid) a sample is taken, a smaller one if maintenance_work_mem holds no more';

CREATE FUNCTION vectorx_nearest_centroid(v vector, centroids vector[], distance text DEFAULT '<->') RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vectorx_nearest_centroid(vector, vector[], text) IS
    'the subscript of the centroid that is nearest to v by <->, <#>, <=> or <+>; the first of equally near ones';
