# ivfflat at its limits: vectors of which a page holds neither a block of codes nor a centroid, beside VACUUM, crashes and
# on a standby; and a build where /dev/shm has no room for the sample.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
use VectorxTest;
use HnswTest;

my $dim = 3000;
my $node = start_vectorx('ivfflat_limits', init => [ allows_streaming => 1 ],
    conf => "wal_consistency_checking = 'generic'\nautovacuum = off\nmin_dynamic_shared_memory = 0\nmax_parallel_maintenance_workers = 2\nmaintenance_work_mem = '128MB'\nmax_wal_size = 2GB\nwal_keep_size = 1GB\n");
$node->safe_psql('postgres', qq{
    CREATE FUNCTION wide(i int) RETURNS vector LANGUAGE sql IMMUTABLE AS \$\$ SELECT array_agg(sin(i * 1.3 + j * (i % 11 + 1) * 0.37) ORDER BY j)::vector FROM generate_series(1, $dim) j \$\$;
    CREATE SEQUENCE number;
    CREATE TABLE source AS SELECT i AS number, wide(i)::vector($dim) AS embedding FROM generate_series(0, 199) i;
    CREATE INDEX ON source (number);
    CREATE TABLE item (id int PRIMARY KEY, embedding vector($dim));
    INSERT INTO item SELECT number, embedding FROM source;
    CREATE INDEX item_index ON item USING ivfflat (embedding vector_l2_ops) WITH (lists = 4, storage = quantized);
    CREATE UNLOGGED TABLE loose AS SELECT * FROM item;
    CREATE INDEX loose_index ON loose USING ivfflat (embedding vector_l2_ops) WITH (lists = 4, storage = quantized)});
my $answers = 'SET enable_seqscan = off; SET enable_sort = off; SET ivfflat.probes = 4; SELECT q.number, array_agg(n.id) FROM (SELECT * FROM source WHERE number % 10 = 0) q, LATERAL (SELECT id FROM item ORDER BY embedding <-> q.embedding LIMIT 5) n GROUP BY 1 ORDER BY 1';

$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('ivfflat_limits_standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;

# Rows come and go in runs, so that lists gain and lose pages.
my @scripts = (
    "SELECT nextval('number') AS id \\gset\nINSERT INTO item SELECT 1000 + 200 * :id + number, embedding FROM source WHERE number % 20 = :id % 20;\n\@4",
    "\\set row random(1, 40)\nDELETE FROM item WHERE id >= 1000 AND id / 200 % 40 = :row;\n\@2",
    "\\set id random(0, 199)\nSET enable_seqscan = off;\nSET enable_bitmapscan = off;\nSET enable_indexonlyscan = off;\nSET ivfflat.probes = 4;\n"
      . "SELECT 1 / (count(*) = count(DISTINCT id))::int FROM (SELECT id FROM item ORDER BY embedding <-> (SELECT embedding FROM source WHERE number = :id) LIMIT 100000) t;\n\@1");
my $clients = start_pgbench($node, clients => 3, seconds => 5, scripts => \@scripts);
my ($vacuums, $until) = (0, time + 5);
while (time < $until)
{
    $node->safe_psql('postgres', 'VACUUM item; SELECT pg_sleep(0.05)');
    $node->safe_psql('postgres', 'DELETE FROM item WHERE id >= 1000; VACUUM item') if ++$vacuums % 5 == 0;
}
my $done = finish_pgbench($clients);
ok($done->{ok}, "beside $vacuums times VACUUM: $done->{transactions} transactions") or diag $done->{stderr};
is(index_faults($node, 'item_index'), '', 'the index is sound and holds all rows');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', $answers), $node->safe_psql('postgres', $answers), 'the standby gives the same answers');

# A crash between the pages of one insert leaves some that no list has, which vacuum gives back.
foreach my $round (1 .. 3)
{
    $clients = start_pgbench($node, clients => 3, seconds => 60, scripts => [ @scripts[ 0, 1 ] ]);
    sleep 0.4;
    my $vacuum = start_sql($node, 'DELETE FROM item WHERE id >= 1000; VACUUM item');
    sleep 0.1 * $round;
    crash_and_restart($node);
    finish_sql($vacuum);
    ok(!finish_pgbench($clients)->{ok}, 'the clients have noticed');
    is(index_faults($node, 'item_index'), '', "crash $round: the index is sound and holds all rows");
}
$node->safe_psql('postgres', 'DELETE FROM item; VACUUM item; VACUUM item');
is($node->safe_psql('postgres', "SELECT rows, list_pages, payload_pages, pages - unused_pages <= 20 FROM vectorx_index_stats('item_index')"), '0|8|0|t', 'an empty index keeps the first page of each list, and no more');
is(index_faults($node, 'item_index'), '', 'and is sound');
is($node->safe_psql('postgres', 'SELECT count(*) FROM loose'), 0, 'the unlogged table is empty');
$node->safe_psql('postgres', 'INSERT INTO loose SELECT number, embedding FROM source');
is(index_faults($node, 'loose_index'), '', 'its index takes rows again');
$standby->stop;

# -- a /dev/shm that is too small for the sample, in name spaces of the server's own
SKIP:
{
    my @spaces = qw(unshare --user --map-root-user --mount sh -c);
    my $small = 'mount -t tmpfs -o size=16m tmpfs /dev/shm && exec unshare --user --map-user=1000 --map-group=1000';
    skip 'no name spaces for users here', 5 unless run_log([ @spaces, "$small true" ]);
    $node->safe_psql('postgres', 'CREATE TABLE packages_64 AS SELECT (i * 7919) % 100000 AS id, (SELECT array_agg(sin(i * j)) FROM generate_series(1, 64) j)::vector(64) AS embedding FROM generate_series(1, 40000) i; ALTER TABLE packages_64 SET (parallel_workers = 2)');
    my $create = q{SET client_min_messages = debug1; CREATE INDEX packages_64_index ON packages_64 USING ivfflat (embedding vector_l2_ops) WITH (lists = 600)};
    my (undef, undef, $shared) = $node->psql('postgres', $create);
    my $imbalance = $node->safe_psql('postgres', q{SELECT imbalance FROM vectorx_index_stats('packages_64_index'); DROP INDEX packages_64_index});
    $node->stop;
    system(@spaces, "$small pg_ctl -D '@{[$node->data_dir]}' -l '@{[$node->logfile]}' -w start >/dev/null") == 0 or die 'the server does not start';
    $node->_update_pid(1);
    my ($rc, undef, $alone) = $node->psql('postgres', $create);
    is($rc, 0, 'a build with a /dev/shm of 16 MB') or diag $alone;
    like($shared, qr/k-means: 600 lists from \d+ rows, \d/, 'with room all cluster');
    like($alone, qr/k-means: 600 lists from \d+ rows, by the leader alone/, 'without, the leader does');
    is($node->safe_psql('postgres', q{SELECT imbalance FROM vectorx_index_stats('packages_64_index')}), $imbalance, 'which makes the same lists');
    is(index_faults($node, 'packages_64_index'), '', 'with all rows');
}
foreach my $server ($node, $standby)
{
    my @signs = grep { /PANIC|TRAP|inconsistent page|unexpected page at block|could not read block|REINDEX it/ } split /\n/, slurp_file($server->logfile);
    is("@signs", '', 'no sign of damage in the log');
}
done_testing();
