-- Distances of bit strings, and binary_quantize, which makes them of vectors.
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

SELECT hamming_distance('111', '111'), hamming_distance('111', '110'), hamming_distance('111', '100'), '111'::bit(3) <~> '000', hamming_distance('', '');
SELECT jaccard_distance('1111', '1111'), jaccard_distance('1111', '1110'), jaccard_distance('1111', '1100'), '1111'::bit(4) <%> '1000', jaccard_distance('1111', '0000');
SELECT jaccard_distance('0000', '0000'), jaccard_distance('1100', '1000'), jaccard_distance('1100', '0011'), jaccard_distance('', '');
SELECT pg_typeof('1'::bit(1) <~> '0'), '101'::varbit <~> '100'::varbit, B'101' <%> B'100';

-- Every length up to 600, at which kernels change their way: all bits, every other one, a single one.
SELECT n FROM generate_series(1, 600) n, LATERAL (SELECT repeat('1', n)::bit varying AS ones, repeat('0', n)::bit varying AS zeros,
    left(repeat('10', n), n)::bit varying AS odd, (repeat('0', n - 1) || '1')::bit varying AS last) x
  WHERE hamming_distance(ones::bit varying, zeros) <> n OR hamming_distance(ones, odd) <> n / 2 OR hamming_distance(odd, zeros) <> (n + 1) / 2
    OR hamming_distance(last, zeros) <> 1 OR hamming_distance(last, ones) <> n - 1 OR hamming_distance(odd, odd) <> 0
    OR jaccard_distance(ones, last) <> 1 - 1 / n::float8 OR jaccard_distance(ones, odd) <> 1 - ((n + 1) / 2) / n::float8
    OR jaccard_distance(odd, last) <> CASE n % 2 WHEN 0 THEN 1 ELSE 1 - 1 / ((n + 1) / 2)::float8 END OR jaccard_distance(zeros, ones) <> 1;
SELECT hamming_distance(repeat('1', 100000)::bit(100000), repeat('01', 50000)::bit(100000)), jaccard_distance(repeat('1', 100000)::bit(100000), repeat('01', 50000)::bit(100000));

SELECT statement, pg_temp.error_of('SELECT ' || statement) FROM (VALUES
  ($$hamming_distance('111', '00')$$), ($$jaccard_distance('1', '00')$$), ($$B'111' <~> B'00'$$), ($$B'' <%> B'0'$$), ($$hamming_distance(repeat('1', 9)::varbit, repeat('1', 16)::varbit)$$)
) t(statement);

-- A bit for each element, 1 if it is greater than zero.
SELECT binary_quantize('[1,0,-1]'::vector), binary_quantize('[0,0.1,-0.2,-0.3,0.4,0.5,0.6,-0.7,0.8,-0.9,1]'::vector), binary_quantize('[-0,1e-45,-1e-45]'::vector);
SELECT binary_quantize('[1,0,-1]'::halfvec), binary_quantize('[0,0.1,-0.2,-0.3,0.4,0.5,0.6,-0.7,0.8,-0.9,1]'::halfvec), binary_quantize('[-0,6e-8,-6e-8]'::halfvec);
SELECT d FROM generate_series(1, 100) d, LATERAL (SELECT array_agg((i * i) % 7 - 3 ORDER BY i) AS a, string_agg(((i * i) % 7 > 3)::int::text, '' ORDER BY i) AS bits FROM generate_series(1, d) i) x
  WHERE binary_quantize(a::vector)::text <> bits OR binary_quantize(a::halfvec)::text <> bits OR length(binary_quantize(a::vector)) <> d;
SELECT length(binary_quantize(array_fill(1, ARRAY[16000])::vector)), length(binary_quantize(array_fill(1, ARRAY[16000])::halfvec)), pg_typeof(binary_quantize('[1]'::vector));
SELECT binary_quantize('[1,-1,2]'::vector) <~> '111', binary_quantize('[1,-1,2]'::halfvec)::bit(3) <%> B'111';
CREATE TABLE bit_functions (id int, v vector(3));
INSERT INTO bit_functions VALUES (1, '[1,-1,1]'), (2, '[-1,-1,-1]'), (3, '[1,1,1]');
SELECT id FROM bit_functions ORDER BY binary_quantize(v)::bit(3) <~> binary_quantize('[1,1,2]'::vector), id;
DROP TABLE bit_functions;

-- Nulls give null.
SELECT B'1' <~> NULL, B'1' <%> NULL, binary_quantize(NULL::vector), binary_quantize(NULL::halfvec);
