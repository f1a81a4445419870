-- Distances of PostgreSQL's own type bit.

CREATE FUNCTION hamming_distance(bit, bit) RETURNS double precision
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hamming_distance(bit, bit) IS 'number of bits that differ; lengths must be equal';

CREATE FUNCTION jaccard_distance(bit, bit) RETURNS double precision
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION jaccard_distance(bit, bit) IS '1 - number of bits that are 1 in both / number of bits that are 1 in either; 1 if both have none; lengths must be equal';

CREATE OPERATOR <~> (
  LEFTARG = bit, RIGHTARG = bit, FUNCTION = hamming_distance,
  COMMUTATOR = <~>
);
COMMENT ON OPERATOR <~> (bit, bit) IS 'Hamming distance: number of bits that differ';

CREATE OPERATOR <%> (
  LEFTARG = bit, RIGHTARG = bit, FUNCTION = jaccard_distance,
  COMMUTATOR = <%>
);
COMMENT ON OPERATOR <%> (bit, bit) IS 'Jaccard distance: 1 - share of common ones';
