# Recall of indexes on smaller forms of the same vectors, against exact search by the vectors themselves: float16 by an
# expression index, and bits re-ranked. VECTORX_TEST_DATA makes it run on more than the sample.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;
use HnswTest;

my $node = start_vectorx('hnsw_types', conf => "maintenance_work_mem = '512MB'\nautovacuum = off\n");
my ($rows, $questions) = load_real_vectors($node);
$node->safe_psql('postgres', q{
    CREATE INDEX packages_vector ON packages USING hnsw (embedding vector_cosine_ops);
    CREATE INDEX packages_half ON packages USING hnsw ((embedding::halfvec(384)) halfvec_cosine_ops);
    CREATE INDEX packages_bits ON packages USING hnsw ((binary_quantize(embedding)::bit(384)) bit_hamming_ops);
    CREATE TABLE kth AS SELECT q.id, n.distance FROM questions q,
      LATERAL (SELECT embedding <=> q.embedding AS distance FROM packages
                ORDER BY (embedding <=> q.embedding) + 0 LIMIT 1 OFFSET 9) n;
});

# The share of the ten results for each question that are as near as the tenth of exact search. `$nearest` is a query
# for the embeddings of ten rows, with q the question; `$index` must serve it.
sub share_found
{
    my ($index, $ef_search, $nearest) = @_;
    my $query = qq{
        SELECT avg((n.embedding <=> q.embedding <= k.distance + 1e-6)::int)
          FROM questions q JOIN kth k USING (id), LATERAL ($nearest) n};
    my $settings = "SET enable_seqscan = off; SET hnsw.ef_search = $ef_search;";
    my $plan = $node->safe_psql('postgres', "$settings EXPLAIN (COSTS OFF) $query");
    like($plan, qr/Index Scan using $index on packages/, "$index is used");
    my $recall = $node->safe_psql('postgres', "$settings $query");
    note "$index: recall $recall at ef_search $ef_search";
    return $recall;
}

foreach my $ef_search (40, 160)
{
    my $full = share_found('packages_vector', $ef_search,
        'SELECT embedding FROM packages ORDER BY embedding <=> q.embedding LIMIT 10');
    my $half = share_found('packages_half', $ef_search,
        'SELECT embedding FROM packages ORDER BY embedding::halfvec(384) <=> q.embedding::halfvec(384) LIMIT 10');
    cmp_ok($half, '>=', $full - 0.005, "float16 finds as much as float32 at ef_search $ef_search, within 0.005");
}

my $bits = share_found('packages_bits', 200, q{
    SELECT embedding FROM (
        SELECT embedding FROM packages
         ORDER BY binary_quantize(embedding)::bit(384) <~> binary_quantize(q.embedding)::bit(384) LIMIT 100) candidates
     ORDER BY embedding <=> q.embedding LIMIT 10});
cmp_ok($bits, '>=', 0.90, 'bits find 90 % when ten times as many candidates are re-ranked');

is($node->safe_psql('postgres', "SELECT count(*) FROM vectorx_check('$_', true)"), '0', "$_ is sound")
  foreach (qw(packages_vector packages_half packages_bits));

$node->stop;
done_testing();
