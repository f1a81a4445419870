# Thousands of rows with the same vector: a node with a long chain of further rows. And hundreds of vectors that are all
# equally, infinitely far.
use strict;
use warnings;

use HnswTest;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

my $node = start_vectorx('hnsw_equal_rows', conf => "autovacuum = off\njit = off\nenable_seqscan = off\nenable_sort = off\n");
$node->safe_psql('postgres', q{
    CREATE TABLE t (id int, e vector(2));
    INSERT INTO t SELECT i, '[1,1]' FROM generate_series(1, 30000) i;
    CREATE INDEX i ON t USING hnsw (e vector_l2_ops);
    INSERT INTO t SELECT i, '[1,1]' FROM generate_series(30001, 40000) i;
    INSERT INTO t VALUES (0, '[2,2]');
    VACUUM ANALYZE t});

# Pages that the index scan reads for LIMIT rows.
sub pages_read
{
    my ($limit) = @_;
    my $plan = $node->safe_psql('postgres',
        "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM t ORDER BY e <-> '[1,1]' LIMIT $limit");
    return $plan =~ /Index Scan using i on t.*\n.*\n\s+Buffers: shared hit=(\d+)/ ? $1 : die $plan;
}

my $few = pages_read(1);
cmp_ok($few, '<', 30, 'LIMIT 1 reads few pages');
cmp_ok(pages_read(40000), '>', 1000, 'and many rows are in many');

# One aggregate at a time: from PostgreSQL 16 on, DISTINCT sorts the rows for all of them.
my $all = q{SET hnsw.ef_search = 10; WITH s AS MATERIALIZED (SELECT id FROM t ORDER BY e <-> '[1,1]' LIMIT 50000)
  SELECT (SELECT count(*) FROM s), (SELECT count(DISTINCT id) FROM s), (SELECT (array_agg(id))[40001] FROM s)};
is($node->safe_psql('postgres', $all), '40001|40001|0', 'each row once, the other vector last');

# Slots leave the chain at its ends and in its middle.
$node->safe_psql('postgres', 'DELETE FROM t WHERE id < 5000 AND id > 0 OR id BETWEEN 15000 AND 20000 OR id > 39000; VACUUM t');
is($node->safe_psql('postgres', $all =~ s/40001\]/29001]/r), '29001|29001|0', 'after some of them are gone');
is(index_faults($node, 'i'), '', 'the index is sound');
is($node->safe_psql('postgres', q{SELECT nodes FROM vectorx_index_stats('i')}), '2', 'nodes');

# A cancel is noticed between slots.
my $run = start_sql($node, "SET statement_timeout = 100; SELECT count(pg_sleep(0.001)) FROM (SELECT id FROM t ORDER BY e <-> '[1,1]' LIMIT 50000) s");
my $done = finish_sql($run);
like($done->{stderr}, qr/canceling statement due to statement timeout/, 'a long chain can be cancelled');
cmp_ok($done->{seconds}, '<', 2, 'at once');

# -- squares that overflow: nearly all are infinitely far from each other
$node->safe_psql('postgres', q{
    CREATE TABLE far (id int, e vector(2));
    CREATE INDEX far_i ON far USING hnsw (e vector_l2_ops) WITH (m = 4, ef_construction = 16);
    INSERT INTO far SELECT i, ARRAY[CASE i % 3 WHEN 0 THEN i ELSE 3e38 - i * 1e33 END, (i % 7 - 3) * 1e38]::vector
      FROM generate_series(1, 900) i});
my $found = q{SET hnsw.ef_search = 1000; SELECT count(DISTINCT id) FROM (SELECT id FROM far ORDER BY e <-> '[1,1]' LIMIT 5000) s};
is($node->safe_psql('postgres', $found), '900', 'all are found');
is(index_faults($node, 'far_i'), '', 'in a sound index');
$node->safe_psql('postgres', 'DELETE FROM far WHERE id % 2 = 0; VACUUM far');
is($node->safe_psql('postgres', $found), '450', 'and after half of them are gone');
is(index_faults($node, 'far_i'), '', 'it still is sound');
$node->safe_psql('postgres', 'REINDEX INDEX far_i');
is($node->safe_psql('postgres', $found), '450', 'and in a new index');
is(index_faults($node, 'far_i'), '', 'which is sound as well');

$node->stop;
done_testing();
