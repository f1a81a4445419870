# Limits: a cancel in every phase of a build, of a vacuum and of a scan; a full disk; the memory of a build.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use VectorxTest;
use HnswTest;

my $node = start_vectorx('hnsw_limits', init => [ extra => ['--wal-segsize=1'] ], conf => "autovacuum = off\nmax_parallel_maintenance_workers = 2\nmin_dynamic_shared_memory = 0\nmax_wal_size = 2GB\n");
my $dim = 128;
load_packages($node, dim => $dim);
# More rows than the sample has, each near one of its vectors.
$node->safe_psql('postgres', "CREATE TABLE item (id int PRIMARY KEY, embedding vector($dim));"
      . 'INSERT INTO item SELECT 62500 * copy + p.id, p.embedding + shift FROM packages p, generate_series(0, 3) copy, LATERAL ('
      . "SELECT array_agg(((p.id * 31 + copy * 17 + d * d) % 97 - 48) * 0.0003 * copy)::vector AS shift FROM generate_series(1, $dim) d) s;");
# PostgreSQL allows no workers for little maintenance_work_mem unless the table says so.
$node->safe_psql('postgres', 'ALTER TABLE item SET (parallel_workers = 2)');
my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM item');
is($rows, 20000, 'rows');
my $create = 'CREATE INDEX item_index ON item USING hnsw (embedding vector_l2_ops) WITH (m = 16, ef_construction = %d)';

# -- progress: the phases of a build, as others see them
sub watch_phases
{
    return start_sql($node, q{
        DO $$
        DECLARE until timestamptz := clock_timestamp() + '120 s'; p record; seen text[] := '{}'; most_done bigint := 0; most_blocks bigint := 0;
        BEGIN
          LOOP
            PERFORM pg_stat_clear_snapshot();
            SELECT phase, tuples_done, tuples_total, coalesce(blocks_done, 0) AS blocks_done INTO p FROM pg_stat_progress_create_index;
            EXIT WHEN clock_timestamp() > until OR (p.phase IS NULL AND most_blocks > 0);
            IF p.phase IS NOT NULL AND NOT p.phase = ANY(seen) THEN seen := seen || p.phase; END IF;
            IF p.tuples_done > p.tuples_total AND p.tuples_total > 0 THEN RAISE 'more done than there is: %', p; END IF;
            IF p.phase LIKE '%linking%' THEN most_done := greatest(most_done, p.tuples_done); END IF;
            most_blocks := greatest(most_blocks, p.blocks_done);
          END LOOP;
          RAISE WARNING 'phases: %', seen;
          RAISE WARNING 'linked: %', most_done;
          RAISE WARNING 'blocks: %', most_blocks;
        END
        $$;});
}
my $watch = watch_phases();
ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_stat_activity WHERE query ~ 'most_blocks' AND pid <> pg_backend_pid())}), 'a session watches');
$node->safe_psql('postgres', "SET maintenance_work_mem = '256MB'; " . sprintf($create, 64));
my $progress = finish_sql($watch);
ok($progress->{ok}, 'progress is never more than all') or diag $progress->{stderr};
like($progress->{stderr}, qr/phases: .*"building index: loading tuples",.*"building index: linking nodes".*"building index: writing pages"/, 'phases of a build in memory');
cmp_ok($progress->{stderr} =~ /linked: (\d+)/ ? $1 : 0, '>', $rows / 4, 'tuples are counted while they are linked');
cmp_ok($progress->{stderr} =~ /blocks: (\d+)/ ? $1 : 0, '>', 0, 'blocks are counted while they are read');
is(rows_not_found($node, table => 'item', index => 'item_index', operator => '<->', where => 'id % 40 = 0'), 0, 'the index is right');
$node->safe_psql('postgres', 'DROP INDEX item_index');

$watch = watch_phases();
ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_stat_activity WHERE query ~ 'most_blocks' AND pid <> pg_backend_pid())}), 'a session watches');
$node->safe_psql('postgres', "SET client_min_messages = warning; SET maintenance_work_mem = '12MB'; " . sprintf($create, 64));
like(finish_sql($watch)->{stderr}, qr/phases: .*"building index: writing pages","building index: inserting remaining tuples into pages"/, 'phases of a build that needs more memory');

# -- cancel: a vacuum, and searches
$node->safe_psql('postgres', 'DELETE FROM item WHERE id % 4 = 1');
foreach my $delay (0.05, 0.3)
{
    my $run = start_sql($node, "SET statement_timeout = '" . int(1000 * $delay) . "ms'; VACUUM item");
    my $end = finish_sql($run);
    like($end->{stderr}, qr/57014/, "VACUUM is cancelled after $delay s");
    cmp_ok($end->{seconds}, '<', $delay + 1, 'within a second');
}
is(rows_not_found($node, table => 'item', index => 'item_index', operator => '<->', where => 'id % 40 = 0'), 0, 'the live rows are found afterwards');
$node->safe_psql('postgres', 'VACUUM item');
is(rows_not_found($node, table => 'item', index => 'item_index', operator => '<->', where => 'id % 40 = 0'), 0, 'also after a whole VACUUM');
my $searches = q{SET enable_seqscan = off; SET jit = off; SET hnsw.ef_search = 1000; SET statement_timeout = '200ms';
    SELECT count(*) FROM item a, LATERAL (SELECT id FROM item b ORDER BY b.embedding <-> a.embedding LIMIT 5) n;};
my $end = finish_sql(start_sql($node, $searches));
like($end->{stderr}, qr/57014/, 'searches are cancelled');
cmp_ok($end->{seconds}, '<', 1.2, 'within a second');
$end = finish_sql(start_sql($node, "SET statement_timeout = '200ms'; INSERT INTO item SELECT id + 1000000, embedding FROM item"));
like($end->{stderr}, qr/57014/, 'inserts are cancelled');
cmp_ok($end->{seconds}, '<', 1.2, 'within a second');
$node->safe_psql('postgres', 'DROP INDEX item_index; VACUUM item');

# -- cancel: each phase of a build
foreach my $case (
    [ 'loading tuples', "SET maintenance_work_mem = '256MB'" ],
    [ 'linking nodes', "SET maintenance_work_mem = '256MB'" ],
    [ 'linking nodes', "SET maintenance_work_mem = '256MB'; SET max_parallel_maintenance_workers = 0" ],
    [ 'writing pages', "SET maintenance_work_mem = '256MB'" ],
    [ 'inserting remaining tuples into pages', "SET maintenance_work_mem = '12MB'" ])
{
    my ($phase, $settings) = @$case;
    my $statement = sprintf($create, $phase =~ /linking/ ? 300 : 32);
    my $build = start_sql($node, "$settings; $statement");
    my $cancelled = $node->safe_psql('postgres', qq{
        DO \$\$
        DECLARE until timestamptz := clock_timestamp() + '60 s'; cancelled timestamptz; p record;
        BEGIN
          LOOP
            PERFORM pg_stat_clear_snapshot();
            SELECT pid, phase INTO p FROM pg_stat_progress_create_index;
            IF p.phase LIKE '%$phase%' AND cancelled IS NULL THEN PERFORM pg_cancel_backend(p.pid); cancelled := clock_timestamp(); END IF;
            EXIT WHEN (cancelled IS NOT NULL AND p.pid IS NULL) OR clock_timestamp() > until;
          END LOOP;
          PERFORM set_config('test.seconds', extract(epoch FROM clock_timestamp() - cancelled)::text, false);
        END
        \$\$;
        SELECT current_setting('test.seconds')});
    $end = finish_sql($build);
    like($end->{stderr}, qr/ERROR:  57014/, "$settings: cancelled while $phase");
    cmp_ok($cancelled || 99, '<', 0.5, sprintf('after %.3f s', $cancelled || 99));
    is($node->safe_psql('postgres', q{SELECT to_regclass('item_index') IS NULL, (SELECT count(*) FROM item) > 0}), 't|t', 'no index, and the table as it was');
    ok(wait_for_sql($node, q{NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'parallel worker')}, 5), 'no worker is left');
}

# -- a worker that is terminated takes the build with it
my $build = start_sql($node, "SET maintenance_work_mem = '256MB'; " . sprintf($create, 300));
ok(wait_for_sql($node, q{(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker') > 0 AND EXISTS (SELECT FROM pg_stat_progress_create_index WHERE phase ~ 'linking')}), 'workers are linking');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1});
$end = finish_sql($build);
ok(!$end->{ok}, 'a worker was terminated, and the build ends') or diag $end->{stderr};
cmp_ok($end->{seconds}, '<', 20, 'soon');
is($node->safe_psql('postgres', q{SELECT to_regclass('item_index')}), '', 'without an index');

# -- memory: what the processes of a build have of their own, and what they share for it
sub memory_of_build
{
    my ($memory, $workers) = @_;
    my $run = start_sql($node, "SET client_min_messages = warning; SET max_parallel_maintenance_workers = $workers; SET maintenance_work_mem = '${memory}MB'; " . sprintf($create, 32));
    wait_for_sql($node, 'EXISTS (SELECT FROM pg_stat_progress_create_index)');
    my $pid = $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_progress_create_index');
    my ($own, $shared) = (0, 0);
    while ($run->{handle}->pumpable)
    {
        $run->{handle}->pump_nb;
        my $status = -r "/proc/$pid/smaps" ? slurp_file("/proc/$pid/smaps") : last;
        my ($anonymous, $segments) = (0, 0);
        my $kind = '';
        foreach my $line (split /\n/, $status)
        {
            if ($line =~ /^[0-9a-f]+-[0-9a-f]+ /) { $kind = $line =~ m{/dev/shm/PostgreSQL\.|/PostgreSQL\.\d+} ? 'segment' : $line =~ m{ /} ? '' : 'own'; }
            $anonymous += $1 if $kind eq 'own' && $line =~ /^Anonymous:\s+(\d+)/;
            $segments += $1 if $kind eq 'segment' && $line =~ /^Size:\s+(\d+)/;
        }
        $own = $anonymous if $anonymous > $own;
        $shared = $segments if $segments > $shared;
        last unless $segments || $anonymous;
        sleep 0.01;
        last if $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_progress_create_index") eq '0';
    }
    my $finished = finish_sql($run);
    ok($finished->{ok}, "a build with $memory MB") or diag $finished->{stderr};
    $node->safe_psql('postgres', 'DROP INDEX item_index');
    return ($own / 1024, $shared / 1024);
}
SKIP:
{
    skip 'no /proc/PID/smaps here', 7 unless -r '/proc/self/smaps';
    my ($base) = memory_of_build(1, 0);
    my ($own) = memory_of_build(8, 0);
    note sprintf('one process: %.1f MB with maintenance_work_mem = 1MB, %.1f MB with 8MB', $base, $own);
    cmp_ok($own, '<', $base + 8 + 3, 'one process needs no more than maintenance_work_mem more');
    cmp_ok($own, '>', $base + 4, 'and does use it');
    my ($leader, $shared) = memory_of_build(8, 2);
    note sprintf('with workers: %.1f MB in the leader, %.1f MB shared', $leader, $shared);
    cmp_ok($shared, '<', 8 * 1.5 + 2, 'workers share little more than maintenance_work_mem');
    cmp_ok($shared, '>', 4, 'and do use it');
}

# -- no room on the disk: the server's processes may not write a file beyond a size, which is as good as a full disk
SKIP:
{
    # Shared memory is a file, too, unless the server holds it already.
    $node->append_conf('postgresql.conf', "min_dynamic_shared_memory = 128MB\n");
    $node->restart;
    my $postmaster = $node->{_pid};
    skip 'no prlimit here', 15 if system("prlimit --pid $postmaster --fsize >/dev/null 2>&1") != 0;
    $node->safe_psql('postgres', 'CREATE TABLE growing (LIKE item INCLUDING ALL); CREATE INDEX growing_index ON growing USING hnsw (embedding vector_l2_ops) WITH (m = 16, ef_construction = 32);'
          . 'INSERT INTO growing SELECT * FROM item ORDER BY id LIMIT 1000; VACUUM; CHECKPOINT;');
    # Less than an index of all rows has, and more than a file of WAL.
    my $limit = 6 << 20;
    my $big = sprintf($create, 32);
    system("prlimit --pid $postmaster --fsize=$limit:unlimited") == 0 or die 'prlimit failed';
    foreach my $settings ("SET maintenance_work_mem = '256MB'", "SET maintenance_work_mem = '256MB'; SET max_parallel_maintenance_workers = 0", "SET maintenance_work_mem = '10MB'")
    {
        my ($status, $stdout, $stderr) = $node->psql('postgres', "$settings; $big");
        isnt($status, 0, "no room: $settings");
        like($stderr, qr/ERROR:  could not (extend|write)/, 'says what is wrong');
        is($node->safe_psql('postgres', q{SELECT to_regclass('item_index') IS NULL}), 't', 'and leaves no index');
    }
    my ($status, $stdout, $stderr) = $node->psql('postgres', 'INSERT INTO growing (id, embedding) SELECT id + 5000000, embedding FROM item');
    isnt($status, 0, 'no room for rows');
    like($stderr, qr/ERROR:  could not (extend|write)/, 'says what is wrong');
    cmp_ok(rows_not_found($node, table => 'growing', index => 'growing_index', operator => '<->'), '<=', 3, 'the rows that were there are found');
    system("prlimit --pid $postmaster --fsize=unlimited:unlimited") == 0 or die 'prlimit failed';
    $node->safe_psql('postgres', 'VACUUM growing; INSERT INTO growing SELECT id + 7000000, embedding FROM item LIMIT 2000');
    cmp_ok(rows_not_found($node, table => 'growing', index => 'growing_index', operator => '<->'), '<=', 3, 'with room again, rows are inserted and found');
    ($status, $stdout, $stderr) = $node->psql('postgres', "SET maintenance_work_mem = '256MB'; $big");
    is($status, 0, 'and the index can be built') or diag $stderr;
}

my @signs = grep { /PANIC|TRAP|unexpected page at block|could not read block|REINDEX it/ } split /\n/, slurp_file($node->logfile);
is("@signs", '', 'no sign of damage in the log');
$node->stop;
done_testing();
