-- The access method hnsw and its operator classes.

CREATE FUNCTION hnswhandler(internal) RETURNS index_am_handler
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION hnswhandler(internal) IS 'hnsw index access method handler';

CREATE ACCESS METHOD hnsw TYPE INDEX HANDLER hnswhandler;
COMMENT ON ACCESS METHOD hnsw IS 'approximate nearest neighbours by a navigable small world graph (arXiv 1603.09320)';

CREATE FUNCTION hnsw_vector_l2_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hnsw_vector_l2_support(internal) IS 'what hnsw stores for vector_l2_ops; called by the access method only';

CREATE FUNCTION hnsw_vector_ip_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hnsw_vector_ip_support(internal) IS 'what hnsw stores for vector_ip_ops; called by the access method only';

CREATE FUNCTION hnsw_vector_cosine_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hnsw_vector_cosine_support(internal) IS 'what hnsw stores for vector_cosine_ops; called by the access method only';

CREATE FUNCTION hnsw_vector_l1_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hnsw_vector_l1_support(internal) IS 'what hnsw stores for vector_l1_ops; called by the access method only';

CREATE OPERATOR CLASS vector_l2_ops
    FOR TYPE vector USING hnsw AS
    OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 hnsw_vector_l2_support(internal);
COMMENT ON OPERATOR CLASS vector_l2_ops USING hnsw IS 'nearest by Euclidean distance';

CREATE OPERATOR CLASS vector_ip_ops
    FOR TYPE vector USING hnsw AS
    OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 hnsw_vector_ip_support(internal);
COMMENT ON OPERATOR CLASS vector_ip_ops USING hnsw IS 'nearest by largest inner product';

CREATE OPERATOR CLASS vector_cosine_ops
    FOR TYPE vector USING hnsw AS
    OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 hnsw_vector_cosine_support(internal);
COMMENT ON OPERATOR CLASS vector_cosine_ops USING hnsw IS 'nearest by cosine distance; zero vectors are not indexed';

CREATE OPERATOR CLASS vector_l1_ops
    FOR TYPE vector USING hnsw AS
    OPERATOR 1 <+> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 hnsw_vector_l1_support(internal);
COMMENT ON OPERATOR CLASS vector_l1_ops USING hnsw IS 'nearest by taxicab distance';
