# Limits: progress reports, the memory of a build and of a scan, a full disk. Cancels are in 029_hnsw_cancel.pl.
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
my $create = 'CREATE INDEX item_index ON item USING hnsw (embedding vector_l2_ops) WITH (m = 16, ef_construction = %d, storage = plain)';

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

$node->safe_psql('postgres', 'DROP INDEX item_index');

# -- vacuum of very many equal rows, which share a node
$node->safe_psql('postgres', "CREATE TABLE equal (id int, embedding vector(3)); INSERT INTO equal SELECT i, '[1,2,3]' FROM generate_series(1, 400000) i;"
      . 'CREATE INDEX equal_index ON equal USING hnsw (embedding vector_l2_ops); DELETE FROM equal WHERE id % 2000 < 1000;');
my $end = finish_sql(start_sql($node, "SET statement_timeout = '30s'; VACUUM equal"));
ok($end->{ok}, sprintf('VACUUM of 200,000 dead rows that are equal: %.1f s', $end->{seconds})) or diag $end->{stderr};
is(index_faults($node, 'equal_index'), '', 'the index is sound and holds all rows');

# -- a worker that is terminated takes the build with it
my $build = start_sql($node, "SET maintenance_work_mem = '256MB'; " . sprintf($create, 300));
ok(wait_for_sql($node, q{(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker') > 0 AND EXISTS (SELECT FROM pg_stat_progress_create_index WHERE phase ~ 'linking')}), 'workers are linking');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1});
$end = finish_sql($build);
ok(!$end->{ok}, 'a worker was terminated, and the build ends') or diag $end->{stderr};
cmp_ok($end->{seconds}, '<', 20, 'soon');
is($node->safe_psql('postgres', q{SELECT to_regclass('item_index')}), '', 'without an index');

# -- memory: what the leader and the workers of a build have of their own, and what they share for it

# The most that all of them had at a time, in MB: anonymous memory, and segments of dynamic shared memory. Shared buffers
# are not counted.
sub memory_of_build
{
    my ($memory, $workers, $tries) = @_;
    my $run = start_sql($node, "SET application_name = 'builder'; SET client_min_messages = warning; SET max_parallel_maintenance_workers = $workers; SET maintenance_work_mem = '$memory'; " . sprintf($create, 32));
    wait_for_sql($node, 'EXISTS (SELECT FROM pg_stat_progress_create_index)');
    my ($leader) = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE application_name = 'builder' AND backend_type = 'client backend'}) =~ /(\d+)/
      or die 'the build is over';
    my $workers_seen = 0;
    my $most = 0;
    while ($run->{handle}->pumpable && -e "/proc/$leader")
    {
        $run->{handle}->pump_nb;
        my @processes = ($leader);
        if ($workers)
        {
            foreach my $path (glob('/proc/[0-9]*/cmdline'))
            {
                my ($pid) = $path =~ /(\d+)/;
                open(my $in, '<', $path) or next;
                push @processes, $pid if (<$in> // '') =~ /parallel worker for PID $leader/;
            }
        }
        $workers_seen = $#processes if $#processes > $workers_seen;
        my ($own, $segments) = (0, 0);
        foreach my $pid (@processes)
        {
            open(my $in, '<', "/proc/$pid/smaps") or next;
            my $kind = '';
            while (my $line = <$in>)
            {
                if ($line =~ /^[0-9a-f]+-[0-9a-f]+ /) { $kind = $line =~ m{/PostgreSQL\.\d+} ? 'segment' : $line =~ m{ /} ? '' : 'own'; }
                $own += $1 if $kind eq 'own' && $line =~ /^Anonymous:\s+(\d+)/;
                $segments += $1 if $kind eq 'segment' && $pid == $leader && $line =~ /^Size:\s+(\d+)/;
            }
        }
        $most = $own + $segments if $own + $segments > $most;
        sleep 0.002;
    }
    my $finished = finish_sql($run);
    ok($finished->{ok}, "a build with $memory and $workers workers") or diag $finished->{stderr};
    $node->safe_psql('postgres', 'DROP INDEX item_index');
    # Workers that come when memory is used up already take no part: try again.
    return memory_of_build($memory, $workers, $tries - 1) if $workers_seen < $workers && $tries > 1;
    is($workers_seen, $workers, "by as many processes");
    return $most / 1024;
}
SKIP:
{
    skip 'no /proc/PID/smaps here', 20 unless -r '/proc/self/smaps';
    foreach my $case ([ 0, 1, 4, 10 ], [ 2, 4, 8, 12 ])
    {
        # Whatever is beyond the least is memory for the graph.
        my ($workers, $least, @more) = @$case;
        my $base = memory_of_build("${least}MB", $workers, 10);
        foreach my $memory (@more)
        {
            my $used = memory_of_build("${memory}MB", $workers, 10);
            note sprintf('%d workers: %.1f MB with maintenance_work_mem = %dMB, %.1f MB with %dMB', $workers, $base, $least, $used, $memory);
            cmp_ok($used - $base, '<=', $memory - $least + 0.1 * $memory, "$workers workers, $memory MB: no more than maintenance_work_mem and a tenth");
            cmp_ok($used - $base, '>', 0.6 * ($memory - $least), 'and they use it');
        }
    }
}

# -- memory of a scan: what it has discarded, to go on with, is bounded by work_mem and hnsw.scan_mem_multiplier
$node->safe_psql('postgres', "SET maintenance_work_mem = '64MB'; " . sprintf($create, 32));
# From PostgreSQL 18 on, a context names its parents by numbers.
my $contexts = $node->safe_psql('postgres', 'SHOW server_version_num') >= 180000
  ? 'SELECT name, path[cardinality(path)] AS self, path[cardinality(path) - 1] AS parent, total_bytes FROM pg_backend_memory_contexts'
  : 'SELECT name, name AS self, parent, total_bytes FROM pg_backend_memory_contexts';
foreach my $case ([ 256, 1 ], [ 256, 3 ], [ 1024, 1.5 ])
{
    my ($work_mem, $multiplier) = @$case;
    my $output = $node->safe_psql('postgres', qq{
        SET enable_seqscan = off; SET work_mem = '${work_mem}kB'; SET hnsw.scan_mem_multiplier = $multiplier;
        SET hnsw.iterative_scan = relaxed_order; SET hnsw.max_scan_tuples = 1000000;
        BEGIN;
        DECLARE c CURSOR FOR SELECT id FROM item ORDER BY embedding <-> (SELECT embedding FROM item WHERE id = 62500);
        SELECT 1 FROM item WHERE id = 0;
        DO \$\$
        DECLARE most bigint := 0; now bigint; found int; total int := 0; cursor refcursor := 'c';
        BEGIN
          FOR i IN 1..300 LOOP
            MOVE FORWARD 50 IN cursor;
            GET DIAGNOSTICS found = ROW_COUNT;
            total := total + found;
            WITH RECURSIVE contexts AS ($contexts),
              scan AS (SELECT * FROM contexts WHERE name = 'index scan'
                UNION ALL SELECT c.* FROM contexts c JOIN scan ON c.parent = scan.self)
            SELECT sum(total_bytes) INTO now FROM scan;
            most := greatest(most, now);
            EXIT WHEN found = 0;
          END LOOP;
          PERFORM set_config('test.most', most::text, false);
          PERFORM set_config('test.total', total::text, false);
        END
        \$\$;
        SELECT 'scan', current_setting('test.most'), current_setting('test.total')});
    my ($most, $total) = $output =~ /^scan\|(\d+)\|(\d+)$/m or die $output;
    my $limit = 1024 * $work_mem * $multiplier;
    note sprintf('a scan of %d rows has %.0f kB, of %.0f kB', $total, $most / 1024, $limit / 1024);
    cmp_ok($most, '<=', $limit, "work_mem ${work_mem}kB * $multiplier: a scan has no more");
    cmp_ok($most, '>', $limit / 4, 'and uses it');
    cmp_ok($total, '>', 40, 'rows come');
}
$node->safe_psql('postgres', 'DROP INDEX item_index');

# -- what workers read and write counts for the statement
SKIP:
{
    skip 'no pg_stat_statements here', 2 if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'}) eq '0';
    $node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_stat_statements'\n");
    $node->restart;
    $node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements');
    my %blocks;
    foreach my $workers (0, 2)
    {
        $node->safe_psql('postgres', "SELECT pg_stat_statements_reset(); SET maintenance_work_mem = '64MB'; SET max_parallel_maintenance_workers = $workers; " . sprintf($create, 32) . '; DROP INDEX item_index');
        $blocks{$workers} = $node->safe_psql('postgres', q{SELECT shared_blks_hit + shared_blks_read FROM pg_stat_statements WHERE query LIKE 'CREATE INDEX%'});
    }
    note "blocks read by a build: $blocks{0} without workers, $blocks{2} with two";
    my $pages = $node->safe_psql('postgres', q{SELECT pg_relation_size('item') / current_setting('block_size')::int});
    cmp_ok($blocks{2}, '>=', $blocks{0} - $pages / 10, 'the pages of the table that workers read are counted');
    cmp_ok($blocks{2}, '<=', $blocks{0} + $pages / 2, 'once');
    $node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
    $node->restart;
}

# -- no room on the disk: the server's processes may not write a file beyond a size, which is as good as a full disk
SKIP:
{
    # Shared memory is a file, too, unless the server holds it already.
    $node->append_conf('postgresql.conf', "min_dynamic_shared_memory = 128MB\n");
    $node->restart;
    my $postmaster = $node->{_pid};
    skip 'no prlimit here', 15 if system("prlimit --pid $postmaster --fsize >/dev/null 2>&1") != 0;
    $node->safe_psql('postgres', 'CREATE TABLE growing (LIKE item INCLUDING ALL); CREATE INDEX growing_index ON growing USING hnsw (embedding vector_l2_ops) WITH (m = 16, ef_construction = 32, storage = plain);'
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
    is(index_faults($node, 'growing_index'), '', 'the index is sound and holds all rows');
    ($status, $stdout, $stderr) = $node->psql('postgres', "SET maintenance_work_mem = '256MB'; $big");
    is($status, 0, 'and the index can be built') or diag $stderr;
}

my @signs = grep { /PANIC|TRAP|unexpected page at block|could not read block|REINDEX it/ } split /\n/, slurp_file($node->logfile);
is("@signs", '', 'no sign of damage in the log');
$node->stop;
done_testing();
