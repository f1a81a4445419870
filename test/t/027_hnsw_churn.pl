# Ten rounds of deletes, inserts and VACUUM: recall stays near that of a fresh build, and the index near its size. And
# inserts after VACUUM, into slots that it has freed, read no more pages of the index than inserts before it.
# VECTORX_TEST_DATA makes the rounds run on more than the sample.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;
use HnswTest;

my $node = start_vectorx('hnsw_churn', conf => "max_parallel_maintenance_workers = 2\nmaintenance_work_mem = '512MB'\nautovacuum = off\nshared_buffers = 256MB\n");
my ($rows) = load_real_vectors($node);
my $create = 'CREATE INDEX %1$s_index ON %1$s USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64)';
sub size_of { return $node->safe_psql('postgres', "SELECT pg_relation_size('$_[0]_index')") }
sub built_again
{
    my ($table) = @_;
    $node->safe_psql('postgres', "REINDEX INDEX ${table}_index");
    my $faults = index_faults($node, "${table}_index", unreached => 0);
    die "a fresh build is unsound: $faults" if $faults;
    return (recall($node, table => $table, index => "${table}_index", ef_search => 40), size_of($table));
}

# -- rounds: four fifths of the rows are in the table; those that go make room for those that are not
foreach my $order ('delete, insert, VACUUM', 'delete, VACUUM, insert')
{
    $node->safe_psql('postgres', "DROP TABLE IF EXISTS item; SELECT setseed(0.5)");
    copy_rows($node, 'item', 'id % 5 > 0');
    $node->safe_psql('postgres', sprintf($create, 'item'));
    my $first_size;
    foreach my $round (1 .. 10)
    {
        $node->safe_psql('postgres', qq{
            SELECT setseed($round / 100.0);
            CREATE TEMP TABLE going AS SELECT id FROM item ORDER BY random() LIMIT (SELECT count(*) / 5 FROM item);
            CREATE TEMP TABLE coming AS SELECT id, embedding FROM packages p WHERE NOT EXISTS (SELECT FROM item WHERE item.id = p.id)
              ORDER BY random() LIMIT (SELECT count(*) FROM going);
            DELETE FROM item WHERE id IN (SELECT id FROM going);}
              . ($order =~ /VACUUM,/ ? 'VACUUM item; INSERT INTO item SELECT * FROM coming;' : 'INSERT INTO item SELECT * FROM coming; VACUUM item;'));
        is(index_faults($node, 'item_index'), '', "$order, round $round: the index is sound and holds all rows") if $round % 3 == 1;
        $first_size //= size_of('item');
    }
    my ($recall, $size) = (recall($node, table => 'item', index => 'item_index', ef_search => 40), size_of('item'));
    my ($fresh_recall, $fresh_size) = built_again('item');
    note sprintf('%s: recall@10 at ef_search 40 %.4f, of a fresh build %.4f; size %.3f of its', $order, $recall, $fresh_recall, $size / $fresh_size);
    cmp_ok($recall, '>=', $fresh_recall - 0.01, "$order: recall is within 0.01 of a fresh build");
    if ($order =~ /VACUUM,/)
    {
        cmp_ok($size, '<=', 1.1 * $fresh_size, "$order: the index is no more than 10 % larger than a fresh one");
    }
    else
    {
        # A row that comes before the one in its place has been removed needs room of its own, once.
        cmp_ok($size, '<=', 1.1 * 1.2 * $fresh_size, "$order: the index is no more than 10 % larger than its rows and the dead need");
        cmp_ok($size, '<=', 1.1 * $first_size, "$order: and than after the first round");
    }
}

# -- pages that inserts read

# How many of an index's pages a statement reads, from memory or not. Counts are complete once a session has ended.
sub pages_read
{
    my ($index, $sql) = @_;
    my $count = "SELECT idx_blks_hit + idx_blks_read FROM pg_statio_user_indexes WHERE indexrelname = '$index'";
    my $before = $node->safe_psql('postgres', $count);
    $node->safe_psql('postgres', $sql);
    $node->poll_query_until('postgres', "SELECT ($count) > $before") or die 'nothing was read';
    return $node->safe_psql('postgres', $count) - $before;
}

# A source of 1,000 rows: the vectors, or their 5 to 204 largest elements, whose payloads have slots of several sizes.
$node->safe_psql('postgres', q{
    CREATE TABLE dense_source AS SELECT row_number() OVER (ORDER BY id)::int AS id, embedding FROM (SELECT * FROM packages ORDER BY id LIMIT 1000) p;
    CREATE TABLE sparse_source AS
      SELECT id, ('{' || string_agg(d || ':' || x, ',') || '}/384')::sparsevec AS embedding
        FROM (SELECT id, d, x, row_number() OVER (PARTITION BY id ORDER BY abs(x) DESC) AS place
                FROM dense_source, unnest(embedding::real[]) WITH ORDINALITY e(x, d)) t
       WHERE place <= 5 + id * 7 % 200 AND x <> 0 GROUP BY id;});
foreach my $case ([ 'dense', 'vector(384)', 'vector_cosine_ops' ], [ 'sparse', 'sparsevec(384)', 'sparsevec_cosine_ops' ])
{
    my ($kind, $type, $opclass) = @$case;
    my $insert = "INSERT INTO %s SELECT * FROM ${kind}_source WHERE id BETWEEN %d AND %d";
    foreach my $table ("${kind}_fresh", "${kind}_used")
    {
        $node->safe_psql('postgres', "CREATE TABLE $table (id int, embedding $type); CREATE INDEX ${table}_index ON $table USING hnsw (embedding $opclass) WITH (m = 4, ef_construction = 8);"
              . sprintf($insert, $table, 1, 100));
    }
    # Searches of few pages, beside which those of claiming a slot count. A hundred rows are left, as in the other table, and slots of nine hundred are free, in an order that is not that of
    # the pages.
    $node->safe_psql('postgres', sprintf($insert, "${kind}_used", 101, 1000) . "; DELETE FROM ${kind}_used WHERE id > 100 AND id % 3 = 1; VACUUM ${kind}_used;"
          . "DELETE FROM ${kind}_used WHERE id > 100; VACUUM ${kind}_used;");
    my $free = $node->safe_psql('postgres', "SELECT free_node_slots FROM vectorx_index_stats('${kind}_used_index')");
    cmp_ok($free, '>=', 800, "$kind: $free slots are free");
    my $size = size_of("${kind}_used");
    # Other sizes than those that were freed last; and all at once, so that searches in the two are alike.
    my ($fresh, $used) = map { pages_read("${_}_index", sprintf($insert, $_, 301, 600)) } "${kind}_fresh", "${kind}_used";
    note sprintf('%s: inserts read %.1f pages a row in a fresh index, %.1f after VACUUM', $kind, $fresh / 300, $used / 300);
    cmp_ok($used, '<=', 1.05 * $fresh, "$kind: inserts after VACUUM read no more pages than in an index of the same rows that never had others");
    is(size_of("${kind}_used"), $size, "$kind: and need no new page");
    is(index_faults($node, "${kind}_used_index"), '', "$kind: the index is sound and holds all rows");

    # An index in use: a third goes, and the same rows come again.
    $node->safe_psql('postgres', "TRUNCATE ${kind}_used;" . sprintf($insert, "${kind}_used", 1, 700));
    my $before = pages_read("${kind}_used_index", sprintf($insert, "${kind}_used", 701, 1000));
    $node->safe_psql('postgres', "DELETE FROM ${kind}_used WHERE id > 700; VACUUM ${kind}_used");
    my $after = pages_read("${kind}_used_index", sprintf($insert, "${kind}_used", 701, 1000));
    note sprintf('%s: inserts read %.1f pages a row before VACUUM, %.1f after it', $kind, $before / 300, $after / 300);
    cmp_ok($after, '<=', 1.05 * $before, "$kind: the same inserts after VACUUM read no more pages than before it");
}

$node->stop;
done_testing();
