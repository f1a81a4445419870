# Races, one at a time: a backend stops at a delicate step (src/pg/race_point.h) while another goes on. After each the index
# is sound and holds all rows. Needs the extension built with RACE_POINTS=1; scripts/test does that.
use strict;
use warnings;

use HnswTest;
use PostgreSQL::Test::Utils;
use RaceTest;
use Test::More;

my $node = start_races('hnsw_races');

my $nearest_10 = q{SELECT string_agg(id::text, ' ') FROM (SELECT id FROM t ORDER BY e <-> '[50,50]' LIMIT 10) s};

# -- a node is deleted while an insert holds it as candidate; its rows are deleted before, or the insert's own snapshot would
# keep them
make_table(rows => 300);
$node->safe_psql('postgres', q{DELETE FROM t WHERE e <-> '[50,50]' < 40});
hold('insert_planned');
my $insert = start_sql($node, q{INSERT INTO t VALUES (1000, '[50,50]')});
await('insert_planned');
my $vacuum = start_sql($node, 'VACUUM t');
lock_is_awaited('vacuum waits for the insert');
release('insert_planned');
finished($insert, 'the insert whose candidates died');
finished($vacuum, 'the vacuum that waited for it');
check_index('candidates deleted');
is($node->safe_psql('postgres', q{SELECT id FROM t ORDER BY e <-> '[50,50]' LIMIT 1}), '1000', 'the new row is found');

# ... all of them
make_table(rows => 20);
$node->safe_psql('postgres', 'DELETE FROM t');
hold('insert_planned');
$insert = start_sql($node, q{INSERT INTO t VALUES (1000, '[50,50]')});
await('insert_planned');
$vacuum = start_sql($node, 'VACUUM t');
lock_is_awaited('vacuum waits for the insert');
release('insert_planned');
finished($insert, 'the insert into a graph that died');
finished($vacuum, 'the vacuum of all nodes but one');
check_index('all candidates deleted');

# -- the entry point moves while vacuum is at it
foreach my $point ('vacuum_marked', 'vacuum_waited', 'vacuum_anchored', 'vacuum_repaired')
{
    make_table(rows => 20);
    my $levels = $node->safe_psql('postgres', q{SELECT levels FROM vectorx_index_stats('i')});
    $node->safe_psql('postgres', 'DELETE FROM t WHERE id > 2');
    hold($point);
    $vacuum = start_sql($node, 'VACUUM t');
    await($point);
    $node->safe_psql('postgres',
        'INSERT INTO t SELECT 100 + i, ARRAY[random() * 100, random() * 100] FROM generate_series(1, 400) i');
    cmp_ok($node->safe_psql('postgres', q{SELECT levels FROM vectorx_index_stats('i')}), '>', $levels, 'a higher entry point');
    release($point);
    finished($vacuum, "the vacuum that stopped at $point");
    check_index("entry point raised at $point");

    # ... and while all that there was is gone
    make_table(rows => 20);
    $node->safe_psql('postgres', 'DELETE FROM t');
    hold($point);
    $vacuum = start_sql($node, 'VACUUM t');
    await($point);
    $node->safe_psql('postgres',
        'INSERT INTO t SELECT 100 + i, ARRAY[random() * 100, random() * 100] FROM generate_series(1, 10) i');
    release($point);
    finished($vacuum, "the vacuum that stopped at $point with nothing left");
    check_index("everything deleted at $point");
}

# -- vacuum meets a node whose insert is half done
foreach my $step ('insert_written', 'insert_has_parent')
{
    make_table(rows => 300);
    $node->safe_psql('postgres', 'DELETE FROM t WHERE id % 2 = 0');
    hold('vacuum_waited');
    $vacuum = start_sql($node, 'VACUUM t');
    await('vacuum_waited');
    hold($step);
    $insert = start_sql($node, q{INSERT INTO t VALUES (1000, '[50,50]')});
    await($step);
    release('vacuum_waited');
    # Before it frees upper slots.
    lock_is_awaited('vacuum waits for the insert');
    release($step);
    finished($insert, "the insert that stopped at $step");
    finished($vacuum, 'the vacuum that met it');
    check_index("insert stopped at $step");
}

# ... or not to be done at all
make_table(rows => 300);
hold('insert_written');
$insert = start_sql($node, q{INSERT INTO t VALUES (1000, '[50,50]')});
await('insert_written');
cancel('INSERT', $insert, 'insert_written');
check_index('half a node');
$node->safe_psql('postgres', 'DELETE FROM t WHERE id % 2 = 0; VACUUM t');
check_index('half a node vacuumed');
is($node->safe_psql('postgres', q{SELECT nodes FROM vectorx_index_stats('i')}), '150', 'and it is gone');

# -- a slot is used again while a scan still points at it
make_table(rows => 300);
$node->safe_psql('postgres', q{DELETE FROM t WHERE id % 3 > 0});
my $expected = $node->safe_psql('postgres', $nearest_10);
hold('scan_searched');
my $scan = start_sql($node, $nearest_10);
await('scan_searched');
$node->safe_psql('postgres',
    'VACUUM t; INSERT INTO t SELECT 1000 + i, ARRAY[random() * 100, random() * 100] FROM generate_series(1, 200) i');
release('scan_searched');
is(finished($scan, 'the scan'), "$expected\n", 'what it found before, without the new rows in old slots');
check_index('slots used again');

# ... one of further rows of the same node
make_table();
$node->safe_psql('postgres', q{INSERT INTO t SELECT i, '[50,50]' FROM generate_series(1, 300) i;
    DELETE FROM t WHERE id BETWEEN 100 AND 250});
my $all = q{SET hnsw.ef_search = 10; SELECT count(*), count(DISTINCT id), min(id), max(id) FROM (SELECT id FROM t ORDER BY e <-> '[50,50]' LIMIT 5000) s};
$expected = $node->safe_psql('postgres', $all);
is($expected, '149|149|1|300', 'all rows of a node');
foreach my $change ('VACUUM t', 'VACUUM t; INSERT INTO t SELECT 1000 + i, \'[50,50]\' FROM generate_series(1, 100) i',
    'VACUUM t; INSERT INTO t SELECT 2000 + i, \'[1,1]\' FROM generate_series(1, 100) i')
{
    # Before the fifth of 20 slots, which is the first that vacuum frees.
    hold('scan_next_slot');
    $scan = start_sql($node, $all);
    foreach my $slot (1 .. 5)
    {
        await('scan_next_slot');
        last if $slot == 5;
        hold('scan_next_slot');
        release('scan_next_slot');
    }
    $node->safe_psql('postgres', $change);
    release('scan_next_slot');
    is(finished($scan, 'the scan'), "$expected\n", "each row once beside $change");
    $node->safe_psql('postgres', 'DELETE FROM t; VACUUM t;'
          . q{INSERT INTO t SELECT i, '[50,50]' FROM generate_series(1, 300) i; DELETE FROM t WHERE id BETWEEN 100 AND 250});
}

# -- two inserts make their nodes the entry point at once
make_table();
hold('insert_written');
$insert = start_sql($node, q{INSERT INTO t VALUES (1, '[1,1]')});
await('insert_written');
my $second = start_sql($node, q{INSERT INTO t VALUES (2, '[2,2]')});
lock_is_awaited('the second insert into an empty index waits for the first');
release('insert_written');
finished($insert, 'the first');
finished($second, 'the second');
check_index('two first rows');

# ... both having seen the one that was before
make_table();
hold('insert_upgrade');
$insert = start_sql($node, q{INSERT INTO t VALUES (1, '[1,1]')});
await('insert_upgrade');
$node->safe_psql('postgres', q{INSERT INTO t SELECT 10 + i, ARRAY[i, i] FROM generate_series(1, 50) i});
release('insert_upgrade');
finished($insert, 'the insert that found the index empty');
check_index('an old entry point');

# -- a row comes to a node that becomes dying
make_table(rows => 300);
$node->safe_psql('postgres', q{INSERT INTO t VALUES (1000, '[50,50]')});
$node->safe_psql('postgres', q{DELETE FROM t WHERE id = 1000});
hold('insert_equal');
$insert = start_sql($node, q{INSERT INTO t VALUES (1001, '[50,50]')});
await('insert_equal');
hold('vacuum_marked');
$vacuum = start_sql($node, 'VACUUM t');
await('vacuum_marked');
release('insert_equal');
finished($insert, 'the insert whose equal died');
release('vacuum_marked');
finished($vacuum, 'the vacuum');
check_index('row added to a dying node');
is($node->safe_psql('postgres', q{SELECT id FROM t ORDER BY e <-> '[50,50]' LIMIT 1}), '1001', 'the new row is found');

# -- a list gives up a link to what vacuum makes a child just then, for a neighbour or for a child of its own: some graphs, and
# those of many in which that happened
foreach my $case (map({ [ 'replace_links', $_ ] } 1, 8, 18, 72, 128), map({ [ 'adopt', $_ ] } 1, 15, 193))
{
    my ($point, $trial) = @$case;
    make_table();
    $node->safe_psql('postgres', qq{INSERT INTO t SELECT i, ARRAY[(i * i * $trial + i * 7919) % 10007 / 100.0, (i * i * 31 + i * $trial * 101) % 10007 / 100.0]
        FROM generate_series(1, 150) i});
    $node->safe_psql('postgres', 'DELETE FROM t WHERE id % 2 = 0');
    hold('vacuum_waited');
    $vacuum = start_sql($node, 'VACUUM t');
    await('vacuum_waited');
    hold($point);
    $insert = start_sql($node, qq{INSERT INTO t SELECT id + 1000, e + '[0.01,0.01]' FROM t WHERE id > 2 * ($trial % 60) ORDER BY id LIMIT 5});
    await($point);
    hold('vacuum_anchored');
    release('vacuum_waited');
    await('vacuum_anchored');
    release($point);
    finished($insert, 'the insert');
    release('vacuum_anchored');
    finished($vacuum, 'the vacuum');
    check_index("trial $trial of a link given up at $point");
}

# -- vacuum ends in the middle
foreach my $point ('vacuum_marked', 'vacuum_waited', 'vacuum_anchored', 'vacuum_repaired')
{
    make_table(rows => 300);
    $node->safe_psql('postgres', 'DELETE FROM t WHERE id % 4 > 0');
    hold($point);
    $vacuum = start_sql($node, 'VACUUM t');
    await($point);
    cancel('VACUUM', $vacuum, $point);
    check_index("vacuum cancelled at $point");
    $node->safe_psql('postgres',
        'INSERT INTO t SELECT 1000 + i, ARRAY[random() * 100, random() * 100] FROM generate_series(1, 100) i');
    check_index('inserts after it');
    $node->safe_psql('postgres', 'DELETE FROM t WHERE id = 1; VACUUM t');
    check_index('the next vacuum');
    is($node->safe_psql('postgres', q{SELECT dying_nodes FROM vectorx_index_stats('i')}), '0', 'which finished the work');
}

# ... and what it has taken off a chain of rows, thousands of slots of one node, is not looked for in the rest of the chain, again
# and again
make_table();
$node->safe_psql('postgres', q{INSERT INTO t SELECT i, '[50,50]' FROM generate_series(1, 30000) i; INSERT INTO t VALUES (0, '[1,1]')});
$node->safe_psql('postgres', 'DELETE FROM t WHERE id BETWEEN 10000 AND 20000 OR id = 0');
hold('vacuum_marked');
$vacuum = start_sql($node, 'VACUUM t');
await('vacuum_marked');
cancel('VACUUM', $vacuum, 'vacuum_marked');
my ($stderr);
$node->psql('postgres', 'VACUUM (VERBOSE) t', stderr => \$stderr);
cmp_ok($stderr =~ /buffer usage: (\d+) hits/ ? $1 : 0, '<', 50000, 'the next vacuum reads few pages');
is(index_faults($node, 'i'), '', 'slots of a chain freed later: the index is sound and holds all rows');

$node->stop;
done_testing();
