# ivfflat in whole servers: recall of parallel builds, crashes, a standby, and inserts, deletes and searches beside
# VACUUM. Searches that read all lists must find what exact ones find. The same for each kind of storage: run_ivfflat().
package IvfflatTest;

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
use VectorxTest;
use HnswTest;

use Exporter qw(import);
our @EXPORT = qw(run_ivfflat);

my $dim = 64;
# What a search of all lists must find; bounds by codes fail now and then.
my $nearly_all = 0.9999;

# The part of the ten nearest of all questions that a search finds with that many probes.
sub ivfflat_recall
{
    my ($server, $table, $probes) = @_;
    my $nearest = "SELECT array_agg(id) FROM (SELECT id FROM $table ORDER BY embedding <=> q.embedding LIMIT 10) n";
    my $output = $server->safe_psql('postgres', qq{
        SET jit = off;
        SET enable_indexscan = off;
        CREATE TEMP TABLE exact AS SELECT q.id, q.embedding, (SELECT max(d) FROM (SELECT embedding <=> q.embedding AS d FROM $table ORDER BY 1 LIMIT 10) n) AS farthest FROM questions q;
        RESET enable_indexscan;
        SET enable_seqscan = off;
        SET enable_sort = off;
        SET ivfflat.probes = $probes;
        EXPLAIN (COSTS OFF) SELECT id FROM $table ORDER BY embedding <=> '[@{[join(',', (1) x $dim)]}]' LIMIT 10;
        SELECT 'recall', avg((SELECT count(*) FROM (SELECT embedding <=> q.embedding AS d FROM $table ORDER BY embedding <=> q.embedding LIMIT 10) n WHERE d <= q.farthest + 1e-6) / 10.0) FROM exact q;});
    die "the planner does not use the index:\n$output" unless $output =~ /Index Scan using ${table}_index/;
    return $output =~ /^recall\|([\d.]+)/m ? $1 : die $output;
}

sub check_index
{
    my ($server, $what) = @_;
    is(index_faults($server, 'item_index'), '', "$what: the index is sound and holds all rows");
    cmp_ok(ivfflat_recall($server, 'item', 32768), '>=', $nearly_all, "$what: all lists hold the nearest");
    return;
}

# How many of the rows that an index scan returns for the questions are nearer than the row before, by more than the
# rounding of vectors to unit length, by which plain storage orders.
sub out_of_order
{
    my ($server, $settings) = @_;
    return $server->safe_psql('postgres', qq{
        SET enable_seqscan = off;
        SET enable_sort = off;
        SET ivfflat.probes = 70;
        $settings;
        SELECT count(*) FROM questions q, LATERAL (
          SELECT d, lag(d) OVER () AS before
            FROM (SELECT embedding <=> q.embedding AS d FROM packages ORDER BY embedding <=> q.embedding LIMIT 1000) n) o
         WHERE d < before - 1e-6;});
}

# The ten nearest of every question, in order, through the index.
sub answers
{
    my ($server) = @_;
    return $server->safe_psql('postgres', 'SET enable_seqscan = off; SET enable_sort = off; SET ivfflat.probes = 5; SELECT q.id, array_agg(n.id) FROM questions q, LATERAL (SELECT id FROM item ORDER BY embedding <=> q.embedding LIMIT 10) n GROUP BY q.id ORDER BY q.id');
}

sub run_ivfflat
{
    my ($storage) = @_;
    $nearly_all = 0.995 if $storage eq 'quantized';
    # Every change that goes through generic WAL is compared with the page that the primary had.
    my $node = start_vectorx("ivfflat_$storage", init => [ allows_streaming => 1 ],
        conf => "wal_consistency_checking = 'generic'\nautovacuum = off\nmax_parallel_maintenance_workers = 2\nmaintenance_work_mem = '128MB'\nmax_wal_size = 200MB\nwal_keep_size = 1GB\n");
    my $rows = load_packages($node, dim => $dim);
    load_questions($node, dim => $dim);
    $node->safe_psql('postgres', 'CREATE TABLE source AS SELECT row_number() OVER (ORDER BY id)::int AS number, embedding FROM packages; CREATE UNIQUE INDEX ON source (number); ANALYZE source; CREATE SEQUENCE number;'
          . "CREATE TABLE item (id int PRIMARY KEY, embedding vector($dim));");

    # -- fewer rows than lists
    my (undef, undef, $notice) = $node->psql('postgres', "\\set VERBOSITY verbose\nCREATE INDEX item_index ON item USING ivfflat (embedding vector_cosine_ops) WITH (lists = 70, storage = $storage)");
    $notice =~ s/^.*?NOTICE:  (.*?)\nDETAIL:  (.*?)\nHINT:  (.*?)\nLOCATION: .*\z/$1 | detail: $2 | hint: $3/s;
    is($notice, '00000: ivfflat index created with little data | detail: This will cause low recall. | hint: Drop the index until the table has more data.', 'the notice');
    $node->safe_psql('postgres', 'DROP INDEX item_index');

    # -- builds: with two workers, and by one process; as good as each other
    my $build = "CREATE INDEX packages_index ON packages USING ivfflat (embedding vector_cosine_ops) WITH (lists = 70, storage = $storage)";
    $node->safe_psql('postgres', 'ALTER TABLE packages SET (parallel_workers = 2)');
    my $watch = start_sql($node, q{
        DO $$
        DECLARE most int := 0; now int; until timestamptz := clock_timestamp() + '60 s'; done bool := false;
        BEGIN
          WHILE NOT done AND clock_timestamp() < until LOOP
            PERFORM pg_stat_clear_snapshot();
            SELECT count(*) INTO now FROM pg_stat_activity WHERE backend_type = 'parallel worker' AND query LIKE 'CREATE INDEX%';
            most := greatest(most, now);
            done := most >= 2 OR to_regclass('watched_index') IS NOT NULL;
          END LOOP;
          RAISE WARNING 'workers: %', most;
        END
        $$;});
    ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_stat_activity WHERE query ~ 'most := greatest' AND pid <> pg_backend_pid())}), 'a session watches');
    # Enough lists that the build takes a moment
    $node->safe_psql('postgres', "CREATE INDEX watched_index ON packages USING ivfflat (embedding vector_cosine_ops) WITH (lists = 1500, storage = $storage)");
    like(finish_sql($watch)->{stderr}, qr/workers: 2$/m, 'two workers take part');
    is(index_faults($node, 'watched_index'), '', 'a sound index with many lists');
    $node->safe_psql('postgres', "DROP INDEX watched_index; $build");
    is(index_faults($node, 'packages_index'), '', 'the index is sound and holds all rows');
    my %parallel = map { $_ => ivfflat_recall($node, 'packages', $_) } (1, 10, 70);
    note "recall by probes: @parallel{1, 10, 70}";
    cmp_ok($parallel{1}, '>=', 0.45, 'recall with one probe');
    cmp_ok($parallel{10}, '>=', 0.9, 'recall with 10 of 70 probes');
    cmp_ok($parallel{70}, '>=', $nearly_all, 'recall with all of them');
    is(out_of_order($node, 'SET ivfflat.iterative_scan = off'), 0, 'rows come in order');
    $node->safe_psql('postgres', "DROP INDEX packages_index; SET max_parallel_maintenance_workers = 0; $build");
    is(ivfflat_recall($node, 'packages', 10), $parallel{10}, 'a serial build makes the same lists');
    $node->safe_psql('postgres', 'DROP INDEX packages_index');

    # -- an iterative scan finds what a filter leaves, wherever it is
    $node->safe_psql('postgres', $build);
    my $found = $node->safe_psql('postgres', q{SET enable_seqscan = off; SET enable_bitmapscan = off; SET ivfflat.iterative_scan = relaxed_order;
        SELECT count(*) FROM (SELECT id FROM packages WHERE id % 1000 = 1 ORDER BY embedding <=> (SELECT embedding FROM questions LIMIT 1) LIMIT 100) t});
    is($found, $node->safe_psql('postgres', 'SELECT count(*) FROM packages WHERE id % 1000 = 1'), 'an iterative scan returns all rows that pass a filter');

    # -- a standby
    $node->safe_psql('postgres', 'INSERT INTO item SELECT number, embedding FROM source WHERE number <= 500; CREATE INDEX item_index ON item USING ivfflat (embedding vector_cosine_ops) WITH (lists = 20, storage = ' . $storage . ')');
    $node->backup('backup');
    my $standby = PostgreSQL::Test::Cluster->new("ivfflat_${storage}_standby");
    $standby->init_from_backup($node, 'backup', has_streaming => 1);
    $standby->start;

    my $insert = 'INSERT INTO item SELECT number, embedding FROM source WHERE number';
    foreach my $step ("$insert BETWEEN 501 AND 3000", 'DELETE FROM item WHERE id % 3 = 0', 'VACUUM item', "$insert BETWEEN 3001 AND 4000; UPDATE item SET embedding = embedding WHERE id % 5 = 1",
        'DELETE FROM item WHERE id < 2500; VACUUM item', "$insert BETWEEN 1 AND 1500", 'REINDEX INDEX item_index')
    {
        $node->safe_psql('postgres', $step);
        $node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
        is(answers($standby), answers($node), "the standby gives the same answers: $step");
        check_index($node, $step);
    }

    # -- clients beside VACUUM, read on the standby as well
    my @scripts = (
        "SELECT nextval('number') AS id \\gset\nINSERT INTO item SELECT 10000 + :id, embedding FROM source WHERE number = :id % $rows + 1;\n\@5",
        # many rows with one vector
        "SELECT nextval('number') AS id \\gset\nINSERT INTO item SELECT 10000 + :id, embedding FROM source WHERE number = :id % 7 + 1;\n\@2",
        "\\set row random(1, 4000)\n\\set other random(1, 4000)\nUPDATE item SET embedding = (SELECT embedding FROM source WHERE number = :other) WHERE id = :row;\n\@2",
        "\\set row random(1, 20000)\nDELETE FROM item WHERE id BETWEEN :row AND :row + 5;\n\@2",
        "\\set row random(1, 4000)\nBEGIN;\nUPDATE item SET embedding = embedding + embedding WHERE id = :row;\nROLLBACK;\n\@1",
        # a search through all lists finds each row once, and no fewer than there are
        "\\set id random(0, 99)\nSET enable_seqscan = off;\nSET enable_bitmapscan = off;\nSET enable_indexonlyscan = off;\nSET ivfflat.probes = 32768;\n"
          . "SELECT 1 / (count(*) = count(DISTINCT id))::int FROM (SELECT id FROM item ORDER BY embedding <=> (SELECT embedding FROM questions WHERE id = :id) LIMIT 100000) t;\n\@2");
    my $reader = "\\set id random(0, 99)\nSET enable_seqscan = off;\nSET ivfflat.probes = 7;\nSELECT 1 / (count(*) = count(DISTINCT id))::int FROM (SELECT id FROM item ORDER BY embedding <=> (SELECT embedding FROM questions WHERE id = :id) LIMIT 500) t;\n";
    my $readers = start_pgbench($standby, clients => 1, seconds => 7, scripts => [$reader]);
    my $clients = start_pgbench($node, clients => 4, seconds => 7, scripts => \@scripts);
    my ($vacuums, $until) = (0, time + 6);
    while (time < $until)
    {
        $node->safe_psql('postgres', 'VACUUM item; SELECT pg_sleep(0.05)');
        $node->safe_psql('postgres', 'DELETE FROM item WHERE id % 2 = 0; VACUUM item') if ++$vacuums % 10 == 0;
    }
    my $done = finish_pgbench($clients);
    ok($done->{ok} || $done->{stderr} =~ /deadlock/, "beside $vacuums times VACUUM: $done->{transactions} transactions") or diag $done->{stderr};
    my $read = finish_pgbench($readers);
    # A query that the standby cancels because vacuum has removed rows that it could see is not the index's business.
    ok($read->{ok} || $read->{stderr} =~ /conflict with recovery/, "the standby reads: $read->{transactions} transactions") or diag $read->{stderr};
    check_index($node, 'beside VACUUM');
    $node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
    is(answers($standby), answers($node), 'the standby gives the same answers: after all that');

    # -- SIGKILL to the whole server while rows are inserted, deleted and vacuumed
    foreach my $round (1 .. 4)
    {
        $clients = start_pgbench($node, clients => 3, seconds => 60, scripts => [ @scripts[ 0 .. 4 ] ]);
        sleep 0.4;
        my $vacuum = start_sql($node, "DELETE FROM item WHERE id % 3 = $round % 3; VACUUM item");
        sleep 0.05 * $round;
        crash_and_restart($node);
        finish_sql($vacuum);
        ok(!finish_pgbench($clients)->{ok}, 'the clients have noticed');
        check_index($node, "crash $round");
    }
    my $size = $node->safe_psql('postgres', "VACUUM item; SELECT pg_relation_size('item_index')");
    $node->safe_psql('postgres', 'UPDATE item SET embedding = embedding; VACUUM item; UPDATE item SET embedding = embedding; VACUUM item');
    cmp_ok($node->safe_psql('postgres', "SELECT pg_relation_size('item_index')"), '<=', 2.5 * $size, 'pages are used again');
    check_index($node, 'all rows updated twice');

    # -- a build that is killed leaves nothing valid; an unlogged index is empty after a crash, and goes on from there
    # One that takes a minute, however fast the machine.
    my $slowly = qq{CREATE FUNCTION slowly(vector) RETURNS vector IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN \$1; END'};
    $node->safe_psql('postgres', $slowly);
    my $killed = start_sql($node, "CREATE INDEX other_index ON packages USING ivfflat ((slowly(embedding)::vector($dim)) vector_l2_ops) WITH (lists = 1000, storage = $storage)");
    ok(wait_for_sql($node, 'EXISTS (SELECT FROM pg_stat_progress_create_index)'), 'a build is on its way');
    crash_and_restart($node);
    ok(!finish_sql($killed)->{ok}, 'it did not come to its end');
    is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 'other_index'}), 0, 'and has left no index');
    $node->safe_psql('postgres', "CREATE UNLOGGED TABLE loose AS SELECT number AS id, embedding FROM source WHERE number < 500; ALTER TABLE loose ALTER embedding TYPE vector($dim);"
          . "CREATE INDEX loose_index ON loose USING ivfflat (embedding vector_cosine_ops) WITH (lists = 9, storage = $storage)");
    crash_and_restart($node);
    is($node->safe_psql('postgres', 'SET enable_seqscan = off; SELECT count(*) FROM (SELECT id FROM loose ORDER BY embedding <=> (SELECT embedding FROM source WHERE number = 7) LIMIT 1) t'), '0', 'an unlogged index is empty after a crash');
    $node->safe_psql('postgres', 'INSERT INTO loose SELECT number, embedding FROM source WHERE number < 300');
    is(index_faults($node, 'loose_index'), '', 'and takes rows again');

    # -- cancelled: within a moment, in a build
    $node->safe_psql('postgres', 'CREATE TABLE many AS SELECT (p.embedding * q.embedding)::vector(' . $dim . ') AS embedding FROM packages p, (SELECT embedding FROM packages ORDER BY id LIMIT 20) q');
    my $cancelled = start_sql($node, "SET max_parallel_maintenance_workers = 0; SET maintenance_work_mem = '256MB'; CREATE INDEX other_index ON many USING ivfflat (embedding vector_l2_ops) WITH (lists = 10000)");
    ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_stat_progress_create_index WHERE phase LIKE '%k-means')}), 'a build clusters');
    $node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_progress_create_index');
    my $end = finish_sql($cancelled);
    like($end->{stderr}, qr/canceling statement due to user request/, 'it can be cancelled');

    # -- the standby takes over
    $node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
    $node->stop;
    $standby->promote;
    check_index($standby, 'promoted');
    $standby->safe_psql('postgres', "INSERT INTO item SELECT 500000 + number, embedding FROM source; DELETE FROM item WHERE id % 3 = 0; VACUUM item");
    check_index($standby, 'promoted, inserted, vacuumed');
    foreach my $server ($node, $standby)
    {
        my @signs = grep { /PANIC|TRAP|inconsistent page|unexpected page at block|could not read block|REINDEX it/ } split /\n/, slurp_file($server->logfile);
        is("@signs", '', 'no sign of damage in the log');
    }
    $standby->stop;
    done_testing();
    return;
}

1;
