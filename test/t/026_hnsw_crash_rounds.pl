# 25 times: clients insert, update, delete and search while VACUUM, CHECKPOINT and REINDEX CONCURRENTLY go on, and at a
# random moment the whole server or one of its backends is killed. After each restart the indexes are sound and hold all
# rows; in the end recall is that of a fresh build. VECTORX_TEST_SEED repeats a run's moments.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use VectorxTest;
use HnswTest;

my $rounds = 25;
my $seed = $ENV{VECTORX_TEST_SEED} // time ^ $$;
srand($seed);
note "VECTORX_TEST_SEED=$seed";

# Few buffers, so that pages reach the disk at all times.
my $node = start_vectorx('hnsw_crash_rounds',
    conf => "shared_buffers = 2MB\nmax_wal_size = 32MB\nautovacuum = off\nrestart_after_crash = on\nmax_parallel_maintenance_workers = 2\n");
my $dim = 48;
load_packages($node, dim => $dim);
load_questions($node, dim => $dim);
load_packages($node, table => 'wide');
# Vectors of one size lie in their nodes; sparse ones, of 5 to 204 elements, in slots of several sizes.
$node->safe_psql('postgres', qq{
    CREATE TABLE source AS SELECT row_number() OVER (ORDER BY id)::int AS number, embedding FROM packages;
    CREATE UNIQUE INDEX ON source (number);
    CREATE TABLE sparse_source AS
      SELECT number, ('{' || string_agg(d || ':' || x, ',') || '}/384')::sparsevec AS embedding
        FROM (SELECT number, d, x, row_number() OVER (PARTITION BY number ORDER BY abs(x) DESC) AS place
                FROM (SELECT row_number() OVER (ORDER BY id) AS number, embedding FROM wide LIMIT 1000) w,
                     unnest(embedding::real[]) WITH ORDINALITY e(x, d)) t
       WHERE place <= 5 + number * 7 % 200 AND x <> 0 GROUP BY number;
    CREATE UNIQUE INDEX ON sparse_source (number);
    DROP TABLE wide;
    ANALYZE;
    CREATE TABLE item (id int PRIMARY KEY, embedding vector($dim));
    CREATE INDEX item_index ON item USING hnsw (embedding vector_cosine_ops);
    CREATE TABLE sparse (id int PRIMARY KEY, embedding sparsevec(384));
    CREATE INDEX sparse_index ON sparse USING hnsw (embedding sparsevec_cosine_ops);});

my $upsert = 'ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding';
my @clients = (
    "\\set id random(1, 3000)\n\\set row random(1, 5000)\nINSERT INTO item SELECT :id, embedding FROM source WHERE number = :row $upsert;\n\@8",
    # many rows with few vectors
    "\\set id random(3001, 3400)\n\\set row random(1, 5)\nINSERT INTO item SELECT :id, embedding FROM source WHERE number = :row $upsert;\n\@3",
    "\\set id random(1, 3400)\nDELETE FROM item WHERE id = :id;\n\@3",
    "\\set id random(1, 3000)\nBEGIN;\nUPDATE item SET embedding = embedding + embedding WHERE id = :id;\nROLLBACK;\n\@1",
    "\\set id random(1, 600)\n\\set row random(1, 1000)\nINSERT INTO sparse SELECT :id, embedding FROM sparse_source WHERE number = :row $upsert;\n\@3",
    "\\set id random(1, 600)\nDELETE FROM sparse WHERE id = :id;\n\@1",
    "\\set id random(0, 99)\nSET enable_seqscan = off;\nSELECT id FROM item ORDER BY embedding <=> (SELECT embedding FROM questions WHERE id = :id) LIMIT 10;\n\@2");
my $maintenance = join('', map { "VACUUM item; VACUUM sparse; CHECKPOINT; " . ($_ % 3 == 2 ? 'REINDEX INDEX CONCURRENTLY item_index; ' : '') } 1 .. 60);

# What a session may be told when its server is killed.
my $expected = qr/terminating connection|server closed the connection|connection to server|connection to client lost|could not connect|in recovery mode|starting up|shutting down/;

# One backend is killed; the postmaster ends the others and recovers.
sub kill_backend
{
    my ($pid) = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type IN ('client backend', 'parallel worker', 'checkpointer', 'background writer')
        AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1}) =~ /(\d+)/ or die 'no backend';
    my $log = -s $node->logfile;
    kill 'KILL', $pid;
    for (1 .. 3000)
    {
        last if slurp_file($node->logfile, $log) =~ /all server processes terminated; reinitializing/;
        sleep 0.01;
    }
    $node->poll_query_until('postgres', 'SELECT true') or die 'the server does not come back';
}

foreach my $round (1 .. $rounds)
{
    my $started = time;
    my $changes = start_pgbench($node, clients => 4, seconds => 60, scripts => \@clients);
    my $vacuum = start_sql($node, $maintenance);
    my $delay = 0.3 + rand(1.2);
    sleep $delay;
    my $way = rand() < 0.3 ? 'a backend' : 'the server';
    $way eq 'a backend' ? kill_backend() : crash_and_restart($node);
    my $what = sprintf('round %d, %s killed after %.2f s', $round, $way, $delay);
    my @complaints = grep { /ERROR|FATAL|PANIC/ && !/$expected/ } split /\n/, finish_pgbench($changes)->{stderr} . finish_sql($vacuum)->{stderr};
    is("@complaints", '', "$what: until then all went well");
    # What REINDEX CONCURRENTLY has left
    $node->safe_psql('postgres', $_) foreach split /\n/, $node->safe_psql('postgres', q{SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid});
    is(index_faults($node, $_), '', "$what: $_ is sound and holds all rows") foreach (qw(item_index sparse_index));
    note sprintf('%.1f s', time - $started);
}

my ($rows, $sparse) = split /\|/, $node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM sparse)');
cmp_ok($rows, '>', 1000, "$rows rows in the end");
cmp_ok($sparse, '>', 100, "and $sparse sparse ones");
$node->safe_psql('postgres', 'VACUUM item; VACUUM sparse');
is(index_faults($node, $_, unreached => 0), '', "$_: nothing is out of reach after a whole VACUUM") foreach (qw(item_index sparse_index));
cmp_ok(rows_not_found($node, table => 'item', index => 'item_index'), '<=', $rows / 1000, 'rows are found');
cmp_ok(rows_not_found($node, table => 'sparse', index => 'sparse_index'), '<=', 1, 'sparse rows, too');
my %worn = map { $_ => recall($node, table => 'item', index => 'item_index', ef_search => $_) } (40, 100);
$node->safe_psql('postgres', 'DROP INDEX item_index; CREATE INDEX item_index ON item USING hnsw (embedding vector_cosine_ops)');
foreach my $ef_search (40, 100)
{
    my $fresh = recall($node, table => 'item', index => 'item_index', ef_search => $ef_search);
    note "ef_search $ef_search: recall $worn{$ef_search}, of a fresh build $fresh";
    cmp_ok($worn{$ef_search}, '>=', $fresh - 0.015, "recall at ef_search $ef_search is near that of a fresh build");
}
my @signs = grep { /PANIC|TRAP|unexpected page at block|could not read block|REINDEX it/ } split /\n/, slurp_file($node->logfile);
is("@signs", '', 'no sign of damage in the log');

$node->stop;
done_testing();
