# SIGKILL to the whole server, again and again, while rows are inserted, deleted and vacuumed and indexes are built.
# After each restart every committed row is found, and the index goes on being used.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
use VectorxTest;
use HnswTest;

# Few buffers, so that pages reach the disk at all times, and checkpoints in between.
my $node = start_vectorx('hnsw_crash',
    conf => "shared_buffers = 2MB\ncheckpoint_timeout = 30s\nmax_wal_size = 32MB\nautovacuum = off\nmax_parallel_maintenance_workers = 2\n");
my $dim = 64;
load_packages($node, dim => $dim);
load_questions($node, dim => $dim);
$node->safe_psql('postgres', "CREATE TABLE item (id int PRIMARY KEY, embedding vector($dim)); CREATE SEQUENCE number; CREATE TABLE source AS "
      . 'SELECT row_number() OVER (ORDER BY id)::int AS number, embedding FROM packages; CREATE UNIQUE INDEX ON source (number); ANALYZE source;');
$node->safe_psql('postgres', 'CREATE INDEX item_index ON item USING hnsw (embedding vector_cosine_ops)');

# Each client inserts rows one by one, some in transactions of several, some of which it rolls back, and deletes some.
my @changes = (
    "SELECT nextval('number') AS id \\gset\nINSERT INTO item SELECT :id, embedding FROM source WHERE number = :id % 5000 + 1;\n\@6",
    "SELECT nextval('number') AS id \\gset\nBEGIN;\nINSERT INTO item SELECT :id, embedding FROM source WHERE number = :id % 5000 + 1;\nROLLBACK;\n\@1",
    "\\set row random(1, 5000)\nDELETE FROM item WHERE id = :row;\n\@1",
    "\\set row random(1, 5000)\nUPDATE item SET embedding = (SELECT embedding FROM source WHERE number = :row) WHERE id = :row;\n\@1");

sub check_after
{
    my ($what) = @_;
    crash_and_restart($node);
    my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM item');
    cmp_ok($rows, '>', 100, "$what: $rows rows after the crash");
    cmp_ok(rows_not_found($node, table => 'item', index => 'item_index'), '<=', $rows / 1000, "$what: all rows are found");
    cmp_ok(recall($node, table => 'item', index => 'item_index', ef_search => 100), '>=', 0.95, "$what: recall");
    return;
}

# -- while rows are inserted
foreach my $round (1 .. 3)
{
    my $clients = start_pgbench($node, clients => 3, seconds => 60, scripts => \@changes);
    sleep 0.7 + 0.4 * $round;
    $node->safe_psql('postgres', 'CHECKPOINT') if $round == 2;
    check_after("inserts, round $round");
    ok(!finish_pgbench($clients)->{ok}, 'the clients have noticed');
}

# -- while dead rows are removed, with and without inserts at the same time
foreach my $round (1 .. 4)
{
    $node->safe_psql('postgres', 'INSERT INTO item SELECT 100000 * ' . $round . ' + number, embedding FROM source WHERE number % 4 = ' . ($round - 1));
    $node->safe_psql('postgres', "DELETE FROM item WHERE id % 3 = $round % 3");
    my $clients = start_pgbench($node, clients => 1, seconds => 60, scripts => \@changes) if $round % 2;
    my $vacuum = start_sql($node, 'VACUUM item');
    sleep 0.06 * $round;
    check_after("VACUUM, round $round");
    finish_sql($vacuum);
    finish_pgbench($clients) if $round % 2;
}
$node->safe_psql('postgres', 'VACUUM item');
cmp_ok(rows_not_found($node, table => 'item', index => 'item_index'), '<=', 2, 'a whole VACUUM after those that were cut off');
my $size = $node->safe_psql('postgres', "SELECT pg_relation_size('item_index')");
$node->safe_psql('postgres', 'UPDATE item SET embedding = embedding WHERE id % 2 = 0; VACUUM item; UPDATE item SET embedding = embedding WHERE id % 2 = 1; VACUUM item');
cmp_ok($node->safe_psql('postgres', "SELECT pg_relation_size('item_index')"), '<=', 1.6 * $size, 'slots are used again');

# -- while an index is built: it is not there afterwards, and can be built
foreach my $build ('CREATE INDEX %s', 'CREATE INDEX CONCURRENTLY %s', "SET maintenance_work_mem = '1MB'; CREATE INDEX %s")
{
    foreach my $delay (0.05, 0.4)
    {
        note "$build, killed after $delay s";
        my $statement = sprintf($build, 'other_index') . ' ON packages USING hnsw (embedding vector_l2_ops) WITH (m = 24, ef_construction = 200)';
        my $run = start_sql($node, $statement);
        ok(wait_for_sql($node, 'EXISTS (SELECT FROM pg_stat_progress_create_index)'), 'the build is on its way');
        sleep $delay;
        crash_and_restart($node);
        ok(!finish_sql($run)->{ok}, 'it did not come to its end');
        my $valid = $node->safe_psql('postgres', q{SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('other_index')});
        is($valid, $build =~ /CONCURRENTLY/ ? 'f' : '', 'it has left no valid index');
        is($node->safe_psql('postgres', 'SELECT count(*) FROM packages'), 5000, 'the table is as it was');
        $node->safe_psql('postgres', 'DROP INDEX IF EXISTS other_index');
    }
}
$node->safe_psql('postgres', 'CREATE INDEX other_index ON packages USING hnsw (embedding vector_l2_ops)');
is(rows_not_found($node, table => 'packages', index => 'other_index', operator => '<->', where => 'id % 7 = 0'), 0, 'a whole build');
crash_and_restart($node);
is(rows_not_found($node, table => 'packages', index => 'other_index', operator => '<->', where => 'id % 7 = 0'), 0, 'which a crash afterwards leaves as it is');

# -- unlogged: empty after a crash, and an index that goes on from there
$node->safe_psql('postgres', "CREATE UNLOGGED TABLE loose (id int, embedding vector($dim));"
      . 'CREATE INDEX loose_index ON loose USING hnsw (embedding vector_l2_ops); INSERT INTO loose SELECT number, embedding FROM source WHERE number < 500;');
is(rows_not_found($node, table => 'loose', index => 'loose_index', operator => '<->'), 0, 'an unlogged table');
crash_and_restart($node);
is($node->safe_psql('postgres', "SELECT count(*) FROM loose; SET enable_seqscan = off; SELECT id FROM loose ORDER BY embedding <-> (SELECT embedding FROM source WHERE number = 7) LIMIT 1"),
    '0', 'is empty after a crash, and so is its index');
$node->safe_psql('postgres', 'INSERT INTO loose SELECT number, embedding FROM source WHERE number < 300');
is(rows_not_found($node, table => 'loose', index => 'loose_index', operator => '<->'), 0, 'and takes rows again');

# -- wal_level minimal: a build in the transaction that makes the table is not logged at all
$node->append_conf('postgresql.conf', "wal_level = minimal\nmax_wal_senders = 0\n");
$node->restart;
$node->safe_psql('postgres', "BEGIN; CREATE TABLE fresh (id int, embedding vector($dim)); INSERT INTO fresh SELECT number, embedding FROM source WHERE number < 1000;"
      . 'CREATE INDEX fresh_index ON fresh USING hnsw (embedding vector_l2_ops); INSERT INTO fresh SELECT number, embedding FROM source WHERE number BETWEEN 1000 AND 1100; COMMIT;');
crash_and_restart($node);
is($node->safe_psql('postgres', 'SELECT count(*) FROM fresh'), 1100, 'a table made under wal_level minimal outlives a crash');
is(rows_not_found($node, table => 'fresh', index => 'fresh_index', operator => '<->'), 0, 'and so does its index');
my @signs = grep { /PANIC|TRAP|unexpected page at block|could not read block|REINDEX it/ } split /\n/, slurp_file($node->logfile);
is("@signs", '', 'no sign of damage in the log');

$node->stop;
done_testing();
