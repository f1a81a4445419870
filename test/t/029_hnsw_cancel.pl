# A cancel or a timeout is answered within a tenth of a second, whatever a build, VACUUM, a search, an insert or a check is
# doing; and what was cancelled leaves the table as it was. The machine may have other things to do: the best of several
# tries counts.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use VectorxTest;
use HnswTest;

my $limit = 0.1;
my $node = start_vectorx('hnsw_cancel', conf => "autovacuum = off\nmax_parallel_maintenance_workers = 2\nmin_dynamic_shared_memory = 300MB\n");
my $dim = 128;
load_packages($node, dim => $dim);
# More rows than the sample has, each near one of its vectors. PostgreSQL allows no workers for little
# maintenance_work_mem unless the table says so.
my $load = "CREATE TABLE item (id int PRIMARY KEY, embedding vector($dim)) WITH (parallel_workers = 2);"
  . 'INSERT INTO item SELECT 62500 * copy + p.id, p.embedding + shift FROM packages p, generate_series(0, 3) copy, LATERAL ('
  . "SELECT array_agg(((p.id * 31 + copy * 17 + d * d) % 97 - 48) * 0.0003 * copy)::vector AS shift FROM generate_series(1, $dim) d) s;";
$node->safe_psql('postgres', $load);
my $create = 'CREATE INDEX item_index ON item USING hnsw (embedding vector_l2_ops) WITH (m = 16, ef_construction = %d)';

# Waits for the session named victim to be in a phase (of a build or VACUUM; any if empty), and `delay` seconds longer;
# cancels what it does; returns after how many seconds it has ended. Null if it ended before.
$node->safe_psql('postgres', q{
    CREATE FUNCTION cancel_victim(wanted text, delay float) RETURNS float LANGUAGE plpgsql AS $$
    DECLARE victim int; until timestamptz := clock_timestamp() + '120 s'; cancelled timestamptz; seen bool := false;
    BEGIN
      LOOP
        PERFORM pg_stat_clear_snapshot();
        SELECT a.pid INTO victim FROM pg_stat_activity a LEFT JOIN pg_stat_progress_create_index c USING (pid) LEFT JOIN pg_stat_progress_vacuum v USING (pid)
          WHERE application_name = 'victim' AND state = 'active' AND backend_type = 'client backend' AND query !~ '^SET' AND (wanted = '' OR c.phase LIKE wanted OR v.phase LIKE wanted);
        EXIT WHEN victim IS NOT NULL;
        IF EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'victim') THEN seen := true;
        ELSIF seen OR clock_timestamp() > until THEN RETURN NULL;
        END IF;
      END LOOP;
      PERFORM pg_sleep(delay);
      cancelled := clock_timestamp();
      IF NOT pg_cancel_backend(victim) THEN RETURN NULL; END IF;
      LOOP
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = victim AND state = 'active');
      END LOOP;
      RETURN extract(epoch FROM clock_timestamp() - cancelled);
    END $$;});

# Tries to cancel a statement in a phase until it has ended soon enough after a cancel, at most `tries` times.
#   sql, phase => '', delay => 0, before => sub, after => sub, database => 'postgres'
sub check_cancel
{
    my ($what, %params) = (shift, phase => '', delay => 0, tries => 6, before => sub { }, after => sub { }, @_);
    my @seconds;
    foreach my $try (1 .. $params{tries})
    {
        $params{before}->();
        my $run = start_sql($node, ($params{database} ? "\\c $params{database}\n" : '') . "SET application_name = 'victim'; $params{sql}");
        my $seconds = $node->safe_psql('postgres', "SELECT cancel_victim('$params{phase}', $params{delay})");
        my $end = finish_sql($run);
        my $cancelled = $end->{stderr} =~ /ERROR:  57014/ && $seconds ne '';
        push @seconds, $seconds if $cancelled;
        # It was through before: next time earlier.
        $params{delay} *= 0.7 unless $cancelled;
        $params{after}->($cancelled);
        last if $cancelled && $seconds <= $limit;
    }
    my ($best) = sort { $a <=> $b } @seconds;
    ok(@seconds > 0, "$what: cancelled");
    cmp_ok($best // 99, '<=', $limit, sprintf('%s: ended after %s s', $what, join(', ', map { sprintf '%.3f', $_ } @seconds)));
    return;
}

# -- a build
foreach my $case (
    [ 'loading tuples', "SET maintenance_work_mem = '256MB'" ],
    [ 'linking nodes', "SET maintenance_work_mem = '256MB'", 0.2 ],
    [ 'linking nodes', "SET maintenance_work_mem = '256MB'; SET max_parallel_maintenance_workers = 0", 0.2 ],
    [ 'writing pages', "SET maintenance_work_mem = '256MB'" ],
    [ 'inserting remaining tuples into pages', "SET client_min_messages = warning; SET maintenance_work_mem = '2MB'", 0.1 ],
    [ 'inserting remaining tuples into pages', "SET client_min_messages = warning; SET maintenance_work_mem = '2MB'; SET max_parallel_maintenance_workers = 0", 0.1 ])
{
    my ($phase, $settings, $delay) = @$case;
    check_cancel("$settings: $phase", phase => "%$phase%", delay => $delay // 0, sql => "$settings; " . sprintf($create, $phase =~ /linking/ ? 200 : 32),
        after => sub {
            my ($cancelled) = @_;
            my $left = $node->safe_psql('postgres', q{SELECT to_regclass('item_index') IS NOT NULL});
            is($left, 'f', "$phase: no index is left") if $cancelled;
            $node->safe_psql('postgres', 'DROP INDEX item_index') if $left eq 't';
        });
    ok(wait_for_sql($node, q{NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'parallel worker')}, 5), 'no worker is left');
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM item'), 20000, 'the table is as it was');

# -- VACUUM, at moments spread over its time; each try begins with the same dead rows
$node->safe_psql('postgres', 'CREATE DATABASE dead');
$node->safe_psql('dead', "CREATE EXTENSION vectorx; CREATE TABLE item (id int, embedding vector($dim))");
$node->safe_psql('postgres', q{COPY (SELECT id, embedding FROM item WHERE id % 4 > 0 ORDER BY id) TO '} . $node->basedir . q{/item.copy'});
$node->safe_psql('dead', q{COPY item FROM '} . $node->basedir . q{/item.copy'; SET maintenance_work_mem = '256MB'; } . sprintf($create, 32) . '; DELETE FROM item WHERE id % 3 = 1');
my $fresh = sub { $node->safe_psql('postgres', 'DROP DATABASE IF EXISTS vacuumed'); $node->safe_psql('postgres', 'CREATE DATABASE vacuumed TEMPLATE dead') };
$fresh->();
my $started = time;
$node->safe_psql('vacuumed', 'VACUUM item');
my $whole = time - $started;
note sprintf('VACUUM takes %.1f s', $whole);
my $moments = 8;
foreach my $moment (0 .. $moments - 1)
{
    check_cancel("VACUUM, $moment/$moments of its time", database => 'vacuumed', phase => 'vacuuming indexes', delay => 0.9 * $whole * $moment / $moments, before => $fresh, sql => 'VACUUM item');
    is($node->safe_psql('vacuumed', q{SELECT count(*) FROM vectorx_check('item_index', true) WHERE fault NOT LIKE 'cannot be reached%'}), 0, 'the index is sound and holds all rows') if $moment % 3 == 0;
}
$node->safe_psql('vacuumed', 'VACUUM item');
is($node->safe_psql('vacuumed', q{SELECT count(*) FROM vectorx_check('item_index', true)}), 0, 'also after a whole VACUUM');
$node->safe_psql('postgres', 'DROP DATABASE vacuumed; DROP DATABASE dead');

# -- searches, inserts, checks
$node->safe_psql('postgres', "SET maintenance_work_mem = '256MB'; " . sprintf($create, 64));
my $search = 'SET enable_seqscan = off; SET jit = off;';
check_cancel('a search that goes on', delay => 0.3,
    sql => "$search SET hnsw.iterative_scan = strict_order; SET hnsw.max_scan_tuples = 1000000; SET work_mem = '256MB'; "
      . 'SELECT count(*) FROM (SELECT id FROM item a, LATERAL (SELECT b.id AS found FROM item b WHERE b.id < 0 ORDER BY b.embedding <-> a.embedding LIMIT 5) n) t');
check_cancel('searches of many candidates', delay => 0.3,
    sql => "$search SET hnsw.ef_search = 1000; SELECT count(*) FROM item a, LATERAL (SELECT id FROM item b ORDER BY b.embedding <-> a.embedding LIMIT 5) n");
check_cancel('inserts', delay => 0.3, sql => 'INSERT INTO item SELECT id + 1000000, embedding + embedding FROM item');
# Rows that share a node
check_cancel('inserts of equal vectors', delay => 0.3, sql => 'INSERT INTO item SELECT 2000000 + i, (SELECT embedding FROM item WHERE id = 62500) FROM generate_series(1, 100000) i',
    before => sub { $node->safe_psql('postgres', 'INSERT INTO item SELECT 62500, embedding FROM packages LIMIT 1 ON CONFLICT DO NOTHING') });
check_cancel('vectorx_check', delay => 0.02, sql => "SELECT count(*) FROM generate_series(1, 1000), vectorx_check('item_index', true)");
check_cancel('vectorx_index_stats', delay => 0.02, sql => "SELECT count(*) FROM generate_series(1, 10000) i, vectorx_index_stats(('item_index' || left(i::text, 0))::regclass)");
is(index_faults($node, 'item_index'), '', 'the index is sound and holds all rows');

# -- statement_timeout does as a cancel does
foreach my $statement ("$search SET hnsw.ef_search = 1000; SELECT count(*) FROM item a, LATERAL (SELECT id FROM item b ORDER BY b.embedding <-> a.embedding LIMIT 5) n",
    'INSERT INTO item SELECT id + 3000000, embedding + embedding FROM item', 'REINDEX INDEX item_index')
{
    my $best = 99;
    foreach my $try (1 .. 5)
    {
        # Without the time that psql takes to start
        my $run = start_sql($node, "\\timing on\nSET statement_timeout = '200ms'; $statement");
        my $end = finish_sql($run);
        like($end->{stderr}, qr/57014.*canceling statement due to statement timeout/, 'timed out') if $try == 1;
        my ($milliseconds) = $end->{stdout} =~ /.*Time: ([\d.]+) ms/s;
        $best = $milliseconds / 1000 if defined $milliseconds && $milliseconds / 1000 < $best;
        last if $best <= 0.2 + $limit;
    }
    cmp_ok($best, '<=', 0.2 + $limit, sprintf('statement_timeout of 0.2 s: ended after %.3f s', $best));
}

my @signs = grep { /PANIC|TRAP|unexpected page at block|could not read block|REINDEX it/ } split /\n/, slurp_file($node->logfile);
is("@signs", '', 'no sign of damage in the log');
$node->stop;
done_testing();
