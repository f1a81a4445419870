-- The access method ivfflat and its operator classes.

CREATE FUNCTION ivfflathandler(internal) RETURNS index_am_handler
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION ivfflathandler(internal) IS 'ivfflat index access method handler';

CREATE ACCESS METHOD ivfflat TYPE INDEX HANDLER ivfflathandler;
COMMENT ON ACCESS METHOD ivfflat IS 'approximate nearest neighbours in the lists of the nearest centroids, which k-means finds (start by k-means||, arXiv 1203.6402); lists of vectors, or of codes of 1 and 4 bits a dimension (RaBitQ, arXiv 2405.12497 and 2409.09913)';

CREATE FUNCTION ivfflat_vector_l2_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ivfflat_vector_l2_support(internal) IS 'what ivfflat stores for vector_l2_ops; called by the access method only';

CREATE OPERATOR CLASS vector_l2_ops
    DEFAULT FOR TYPE vector USING ivfflat AS
    OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 ivfflat_vector_l2_support(internal);
COMMENT ON OPERATOR CLASS vector_l2_ops USING ivfflat IS 'nearest by Euclidean distance';

CREATE FUNCTION ivfflat_vector_ip_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ivfflat_vector_ip_support(internal) IS 'what ivfflat stores for vector_ip_ops; called by the access method only';

CREATE OPERATOR CLASS vector_ip_ops
    FOR TYPE vector USING ivfflat AS
    OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 ivfflat_vector_ip_support(internal);
COMMENT ON OPERATOR CLASS vector_ip_ops USING ivfflat IS 'nearest by largest inner product';

CREATE FUNCTION ivfflat_vector_cosine_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ivfflat_vector_cosine_support(internal) IS 'what ivfflat stores for vector_cosine_ops; called by the access method only';

CREATE OPERATOR CLASS vector_cosine_ops
    FOR TYPE vector USING ivfflat AS
    OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 ivfflat_vector_cosine_support(internal);
COMMENT ON OPERATOR CLASS vector_cosine_ops USING ivfflat IS 'nearest by cosine distance; zero vectors are not indexed';

CREATE FUNCTION ivfflat_halfvec_l2_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ivfflat_halfvec_l2_support(internal) IS 'what ivfflat stores for halfvec_l2_ops; called by the access method only';

CREATE OPERATOR CLASS halfvec_l2_ops
    FOR TYPE halfvec USING ivfflat AS
    OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 ivfflat_halfvec_l2_support(internal);
COMMENT ON OPERATOR CLASS halfvec_l2_ops USING ivfflat IS 'nearest by Euclidean distance';

CREATE FUNCTION ivfflat_halfvec_ip_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ivfflat_halfvec_ip_support(internal) IS 'what ivfflat stores for halfvec_ip_ops; called by the access method only';

CREATE OPERATOR CLASS halfvec_ip_ops
    FOR TYPE halfvec USING ivfflat AS
    OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 ivfflat_halfvec_ip_support(internal);
COMMENT ON OPERATOR CLASS halfvec_ip_ops USING ivfflat IS 'nearest by largest inner product';

CREATE FUNCTION ivfflat_halfvec_cosine_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ivfflat_halfvec_cosine_support(internal) IS 'what ivfflat stores for halfvec_cosine_ops; called by the access method only';

CREATE OPERATOR CLASS halfvec_cosine_ops
    FOR TYPE halfvec USING ivfflat AS
    OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 ivfflat_halfvec_cosine_support(internal);
COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING ivfflat IS 'nearest by cosine distance; zero vectors are not indexed';

CREATE FUNCTION ivfflat_bit_hamming_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ivfflat_bit_hamming_support(internal) IS 'what ivfflat stores for bit_hamming_ops; called by the access method only';

CREATE OPERATOR CLASS bit_hamming_ops
    FOR TYPE bit USING ivfflat AS
    OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
    FUNCTION 1 ivfflat_bit_hamming_support(internal);
COMMENT ON OPERATOR CLASS bit_hamming_ops USING ivfflat IS 'nearest by number of differing bits';
