# More races, of which each shows one lock or check (test/mutations): builds, the centre of an empty index, pages that leave the
# buffers, the order in which pages are locked. Needs the extension built with RACE_POINTS=1.
use strict;
use warnings;

use HnswTest;
use RaceTest;
use Test::More;
use Time::HiRes qw(sleep);

# So few buffers that others push the index out of them.
my $node = start_races('hnsw_lock_races', conf => "shared_buffers = 1MB\nmax_parallel_maintenance_workers = 1\n");

# -- a parallel worker that comes when the leader has built all
sub make_table_to_build
{
    my ($rows, $dim) = @_;
    $node->safe_psql('postgres', qq{
        SET client_min_messages = warning;
        DROP TABLE IF EXISTS t;
        CREATE TABLE t (id int, e vector($dim)) WITH (parallel_workers = 1);
        SELECT setseed(0.5);
        INSERT INTO t SELECT i, array_agg(random() * 100) FROM generate_series(1, $rows) i, generate_series(1, $dim) GROUP BY i ORDER BY i});
}
make_table_to_build(300, 2);
hold('build_worker');
my $build = start_sql($node, 'CREATE INDEX i ON t USING hnsw (e vector_l2_ops) WITH (m = 4)');
await('build_worker');
ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'ParallelFinish')}), 'the leader has done all');
release('build_worker');
finished($build, 'a build whose worker came too late');
check_index('late worker');

# ... and of two that insert at once into pages, while one of them raises the entry point
make_table_to_build(2500, 200);
hold('build_leader');
hold('insert_raises');
$build = start_sql($node, q{SET maintenance_work_mem = '1MB'; SET client_min_messages = warning;
    CREATE INDEX i ON t USING hnsw (e vector_l2_ops) WITH (m = 2, ef_construction = 4, storage = plain)});
await('build_leader');
ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'ParallelCreateIndexScan')}), 'the worker has filled the memory');
release('build_leader');
await('insert_raises');
ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'LWLock' AND query ~ 'CREATE INDEX i')}), 'the other participant waits');
release('insert_raises');
finished($build, 'a build of which a part was inserted into pages');
is(index_faults($node, 'i'), '', 'a sound index');

# -- vectors that were coded before the index got a centre. The first, whose sums are infinite, is none; so a centre is set
# when it is gone.
$node->safe_psql('postgres', q{
    DROP TABLE t;
    CREATE TABLE t (id int, e vector(2));
    CREATE INDEX i ON t USING hnsw (e vector_l2_ops) WITH (storage = quantized);
    INSERT INTO t VALUES (1, '[3e38,3e38]');
    DELETE FROM t});
hold('insert_encoded');
my $insert = start_sql($node, q{INSERT INTO t VALUES (2, '[1001,1002]')});
await('insert_encoded');
$node->safe_psql('postgres', 'VACUUM t');
$node->safe_psql('postgres', q{INSERT INTO t VALUES (3, '[1000,1000]')});
release('insert_encoded');
finished($insert, 'an insert that coded around another centre');
check_index('centre set');

# ... and of two first ones, one alone becomes the centre
$node->safe_psql('postgres', 'TRUNCATE t');
hold('centre_computed');
$insert = start_sql($node, q{INSERT INTO t VALUES (1, '[10,20]')});
await('centre_computed');
$node->safe_psql('postgres', q{INSERT INTO t VALUES (2, '[1000,1000]')});
release('centre_computed');
finished($insert, 'the other first insert');
check_index('two first rows');

# -- an insert that found the index empty, before it had the lock or before it had it exclusively, does not lower the entry point
foreach my $point ('insert_encoded', 'insert_upgrade')
{
    make_table();
    hold($point);
    $insert = start_sql($node, q{INSERT INTO t VALUES (1, '[1,1]')});
    await($point);
    $node->safe_psql('postgres', q{INSERT INTO t SELECT 10 + i, ARRAY[i, i] FROM generate_series(1, 50) i});
    my $levels = $node->safe_psql('postgres', q{SELECT levels FROM vectorx_index_stats('i')});
    cmp_ok($levels, '>', 1, 'a high entry point');
    release($point);
    finished($insert, "the insert that stopped at $point");
    cmp_ok($node->safe_psql('postgres', q{SELECT levels FROM vectorx_index_stats('i')}), '>=', $levels, 'the entry point is as high');
    check_index("empty at $point");
}

# -- all candidates of an insert begin to die, and vacuum does not come to replace the root
make_table(rows => 20);
$node->safe_psql('postgres', 'DELETE FROM t');
hold('insert_planned');
$insert = start_sql($node, q{INSERT INTO t VALUES (1000, '[50,50]')});
await('insert_planned');
hold('vacuum_marked');
my $vacuum = start_sql($node, 'VACUUM t');
await('vacuum_marked');
cancel('VACUUM', $vacuum, 'vacuum_marked');
release('insert_planned');
finished($insert, 'the insert into a graph that is dying');
check_index('vacuum cancelled');

# ... or it is the insert that ends, and leaves the only node that does not die
make_table(rows => 20);
$node->safe_psql('postgres', 'DELETE FROM t');
hold('insert_planned');
$insert = start_sql($node, q{INSERT INTO t VALUES (1000, '[50,50]')});
await('insert_planned');
hold('vacuum_marked');
$vacuum = start_sql($node, 'VACUUM t');
await('vacuum_marked');
hold('insert_written');
release('insert_planned');
await('insert_written');
cancel('INSERT', $insert, 'insert_written');
release('vacuum_marked');
finished($vacuum, 'the vacuum that found a node without a row to be seen');
check_index('insert cancelled');

# -- vacuum sees a slot that an insert has claimed for its node, which does not refer to it yet
foreach my $case ([ 'insert_uppers', 'vector(2)' ], [ 'insert_payload', 'sparsevec(2)' ])
{
    my ($point, $type) = @$case;
    make_table(rows => 300, type => $type);
    $node->safe_psql('postgres', 'DELETE FROM t WHERE id % 2 = 0');
    hold('vacuum_repaired');
    $vacuum = start_sql($node, 'VACUUM t');
    await('vacuum_repaired');
    hold($point);
    # Some of them are on upper levels.
    $insert = start_sql($node, "INSERT INTO t SELECT 1000 + i, ARRAY[50 + i, 50]::vector::$type FROM generate_series(1, 10) i");
    await($point);
    release('vacuum_repaired');
    lock_is_awaited("vacuum waits for the insert that stopped at $point");
    release($point);
    finished($insert, 'the insert');
    finished($vacuum, 'the vacuum');
    check_index("slots claimed at $point");
}

# -- an insert meets dying nodes, and vacuum does not look at the new node any more: that takes the first slot. Nodes are read
# without pins, with pins (those of a list that are all met for the first time), and where vectors lie apart.
foreach my $case ([ 2, 'vector(2)' ], [ 100, 'vector(2)' ], [ 2, 'sparsevec(2)' ])
{
    my ($m, $type) = @$case;
    make_table(m => $m, type => $type);
    $node->safe_psql('postgres', qq{INSERT INTO t VALUES (0, '[0,0]'::vector::$type);
        INSERT INTO t SELECT i, ARRAY[i * i * 31 % 101, i * 7919 % 103]::vector::$type FROM generate_series(1, 300) i;
        DELETE FROM t WHERE id = 0});
    $node->safe_psql('postgres', 'VACUUM t');
    $node->safe_psql('postgres', 'DELETE FROM t WHERE id % 3 > 0');
    hold('vacuum_anchored');
    $vacuum = start_sql($node, 'VACUUM t');
    await('vacuum_anchored');
    hold('replace_links');
    release('vacuum_anchored');
    await('replace_links');
    $node->safe_psql('postgres', "INSERT INTO t VALUES (1000, '[50.5,50.5]'::vector::$type)");
    release('replace_links');
    finished($vacuum, 'the vacuum');
    check_index("an insert among dying nodes, m $m, $type");
}

# -- an insert is about to make a node its parent that vacuum, if it attached the new node, would have attached below it:
# the nearest live one, Y, whose neighbours are all dying. The new node takes the first slot, so vacuum meets it before Y.
make_table();
$node->safe_psql('postgres', q{INSERT INTO t VALUES (0, '[50,50]')});
$node->safe_psql('postgres', q{INSERT INTO t SELECT i, ARRAY[i % 7, i % 11] FROM generate_series(1, 40) i});
$node->safe_psql('postgres', q{INSERT INTO t SELECT 100 + i, ARRAY[500 + i % 5, 500 + i % 4] FROM generate_series(1, 20) i});
$node->safe_psql('postgres', 'DELETE FROM t WHERE id = 0');
$node->safe_psql('postgres', 'VACUUM t');
$node->safe_psql('postgres', 'DELETE FROM t WHERE id BETWEEN 100 AND 119');
hold('vacuum_waited');
$vacuum = start_sql($node, 'VACUUM t');
await('vacuum_waited');
hold('insert_written');
$insert = start_sql($node, q{INSERT INTO t SELECT 1000, e + '[0.01,0.01]' FROM t WHERE id = 120});
await('insert_written');
hold('vacuum_anchored');
release('vacuum_waited');
await('vacuum_anchored');
release('insert_written');
finished($insert, 'the insert');
release('vacuum_anchored');
finished($vacuum, 'the vacuum');
check_index('a node without a parent left alone');

# -- two inserts give their nodes parents, each on the page of the other's node
make_table();
$node->safe_psql('postgres', q{
    INSERT INTO t SELECT i, ARRAY[i % 10, i % 11] FROM generate_series(1, 110) i;
    INSERT INTO t SELECT 200 + i, ARRAY[500 + i % 10, 500 + i % 11] FROM generate_series(1, 110) i});
is($node->safe_psql('postgres', q{SELECT node_pages FROM vectorx_index_stats('i')}), '2', 'on two pages');
$node->safe_psql('postgres', 'DELETE FROM t WHERE id IN (50, 300)');
$node->safe_psql('postgres', 'VACUUM t');
# The slot that was freed last is taken first.
hold('insert_written');
$insert = start_sql($node, q{INSERT INTO t VALUES (1000, '[5.5,5.5]')});
await('insert_written');
hold('first_of_two_pages');
my $other = start_sql($node, q{INSERT INTO t VALUES (1001, '[505.5,505.5]')});
await('first_of_two_pages');
release('insert_written');
ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'BufferContent')}), 'one waits for the other');
release('first_of_two_pages');
finished($_, 'an insert') foreach $other, $insert;
check_index('pages of two nodes');

# -- a live node finds a parent only once the dying children of the root, which have its whole list, have left that: rows 1 and
# 8 and so on of graphs that were looked for
foreach my $case ([ 12, 1, 8 ], [ 14, 2, 15 ], [ 74, 44, 9 ])
{
    my ($seed, @kept) = @$case;
    make_table(ef_construction => 4);
    $node->safe_psql('postgres', qq{INSERT INTO t SELECT i, ARRAY[(i * i * $seed + i * 7919) % 10007 / 100.0, (i * i * 31 + i * $seed * 101) % 10007 / 100.0]
        FROM generate_series(1, 60) i});
    $node->safe_psql('postgres', "DELETE FROM t WHERE id NOT IN ($kept[0], $kept[1])");
    $node->safe_psql('postgres', 'VACUUM t');
    check_index("graph $seed");
}

# -- an insert has read a list with dying nodes, and before it looks at them, or while it computes their distances, vacuum frees
# them and other inserts take the slots, for nodes nearby that are not as high. Which levels nodes have follows from where the
# rows lie, so the trials are those in which it would link to one.
sub stopped
{
    my ($point) = @_;
    for (1 .. 1000) { return 1 if -e $node->data_dir . "/race/$point.reached"; sleep 0.005 }
    return 0;
}
foreach my $case ([ 'links_read', 4 ], [ 'links_read', 28 ], [ 'links_read', 33 ], [ 'distances_computed', 26 ], [ 'distances_computed', 29 ])
{
    my ($point, $trial) = @$case;
    make_table();
    $node->safe_psql('postgres', qq{INSERT INTO t VALUES (0, '[0,0]');
        INSERT INTO t SELECT i, ARRAY[i * i * 31 % 101, i * 7919 % 103] FROM generate_series(1, @{[240 + 3 * $trial]}) i;
        DELETE FROM t WHERE id % 3 > 0});
    hold('vacuum_waited');
    $vacuum = start_sql($node, 'VACUUM t');
    await('vacuum_waited');
    hold($point);
    $insert = start_sql($node, q{INSERT INTO t SELECT 1000 + i, ARRAY[20 + i, 20 + 2 * i] FROM generate_series(1, 10) i});
    foreach (1 .. 8 + $trial % 25)
    {
        last unless stopped($point);
        hold($point);
        release($point);
    }
    ok(stopped($point), "the insert stopped at $point");
    hold('vacuum_freed');
    release('vacuum_waited');
    await('vacuum_freed');
    # Those that would raise the entry point wait for the insert.
    my $others = start_sql($node, q{INSERT INTO t SELECT 2000 + i, ARRAY[20 + i % 11 + i * 0.001, 20 + 2 * (i % 11) + i * 0.0007]
        FROM generate_series(1, 190) i});
    wait_for_sql($node, q{NOT EXISTS (SELECT FROM pg_stat_activity WHERE query ~ 'SELECT 2000' AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Lock'
        AND pid <> pg_backend_pid())});
    release($point);
    finished($insert, 'the insert');
    release('vacuum_freed');
    finished($vacuum, 'the vacuum');
    finished($others, 'the other inserts');
    check_index("slots taken at $point, trial $trial");
}

# -- the pages that a scan reads without pins go to another table
make_table(rows => 300);
$node->safe_psql('postgres', q{CREATE TABLE other AS SELECT i, repeat('x', 500) AS x FROM generate_series(1, 8000) i; CREATE INDEX other_i ON other (i);
    VACUUM ANALYZE other});
my $nearest = q{SELECT string_agg(id::text, ' ') FROM (SELECT id FROM t ORDER BY e <-> '[50,50]' LIMIT 10) s};
my $expected = $node->safe_psql('postgres', $nearest);
hold('scan_held');
my $scan = start_sql($node, $nearest);
await('scan_held');
$node->safe_psql('postgres', 'SET enable_bitmapscan = off;' . 'SELECT count(x) FROM other WHERE i > 0;' x 8);
release('scan_held');
is(finished($scan, 'the scan'), "$expected\n", 'what it finds although the pages went');

$node->stop;
done_testing();
