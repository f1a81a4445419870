# A streaming standby gives the primary's answers and has its pages, while the primary inserts, deletes and vacuums; it can
# take its place, also in the middle of everything; and so can a base backup that is made meanwhile.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;
use HnswTest;

# Every change that goes through generic WAL is compared with the page that the primary had.
my $primary = start_vectorx('hnsw_primary', init => [ allows_streaming => 1 ],
    conf => "wal_consistency_checking = 'generic'\nwal_keep_size = 2GB\nautovacuum = off\nmax_parallel_maintenance_workers = 2\n");
my $dim = 64;
load_packages($primary, dim => $dim);
load_questions($primary, dim => $dim);
$primary->safe_psql('postgres', "CREATE TABLE item (id int PRIMARY KEY, embedding vector($dim)); CREATE INDEX item_index ON item USING hnsw (embedding vector_cosine_ops);"
      . 'CREATE TABLE source AS SELECT row_number() OVER (ORDER BY id)::int AS number, embedding FROM packages; CREATE UNIQUE INDEX ON source (number);');

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('hnsw_standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

# The ten nearest of every question, in order, through the index.
sub answers
{
    my ($node) = @_;
    my $sql = "SELECT q.id, array_agg(n.id) FROM questions q, LATERAL (SELECT id FROM item ORDER BY embedding <=> q.embedding LIMIT 10) n GROUP BY q.id ORDER BY q.id";
    my $output = $node->safe_psql('postgres', "SET enable_seqscan = off; SET enable_sort = off; EXPLAIN (COSTS OFF) $sql; $sql;");
    die "the planner does not use the index:\n$output" unless $output =~ /Index Scan using item_index/;
    return $output =~ s/^.*?^(?=0\|)//msr;
}

sub compare_answers
{
    my ($what) = @_;
    $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
    my $expected = answers($primary);
    cmp_ok(scalar(() = $expected =~ /\n/g), '>=', 99, "$what: the primary answers");
    is(answers($standby), $expected, "$what: the standby gives the same answers");
    is(index_faults($primary, 'item_index'), '', "$what: the index is sound");
    compare_pages($what, $primary, $standby, 'item_index');
    return;
}

# What is on the pages of an index, block by block. Left out: a page's LSN and checksum, and the hole in its middle, which
# replay zeroes.
my $pageinspect = $primary->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'pageinspect'});
$primary->safe_psql('postgres', 'CREATE EXTENSION pageinspect') if $pageinspect;

sub pages_of
{
    my ($node, $index) = @_;
    return $node->safe_psql('postgres', qq{
        SELECT block, lower, upper, md5(substr(page, 11, lower - 10) || substr(page, upper + 1))
          FROM (SELECT block, get_raw_page('$index', block) AS page FROM generate_series(0, pg_relation_size('$index') / current_setting('block_size')::int - 1) AS block) pages,
               LATERAL page_header(page)
         ORDER BY block});
}

sub compare_pages
{
    my ($what, $original, $copy, $index) = @_;
  SKIP:
    {
        skip 'no pageinspect here', 2 unless $pageinspect;
        $original->wait_for_catchup($copy, 'replay', $original->lsn('insert'));
        my @pages = map { [ split /\n/, pages_of($_, $index) ] } $original, $copy;
        cmp_ok(scalar(@{ $pages[0] }), '>', 10, "$what: there are pages");
        my @different = grep { ($pages[0][$_] // '-') ne ($pages[1][$_] // '-') } 0 .. ($#{ $pages[0] } > $#{ $pages[1] } ? $#{ $pages[0] } : $#{ $pages[1] });
        is("@different", '', "$what: the standby has the same pages");
    }
    return;
}

my $insert = 'INSERT INTO item SELECT number, embedding FROM source WHERE number';
$primary->safe_psql('postgres', "$insert <= 300");
compare_answers('a few rows inserted');
$primary->safe_psql('postgres', "$insert BETWEEN 301 AND 2500");
compare_answers('more rows inserted');
$primary->safe_psql('postgres', 'DELETE FROM item WHERE id % 3 = 0');
compare_answers('rows deleted');
$primary->safe_psql('postgres', 'VACUUM item');
compare_answers('vacuumed');
$primary->safe_psql('postgres', "$insert BETWEEN 2501 AND 3500; UPDATE item SET embedding = embedding WHERE id % 5 = 1; $insert BETWEEN 4900 AND 5000");
compare_answers('slots used again');
$primary->safe_psql('postgres', 'REINDEX INDEX item_index');
compare_answers('rebuilt');
$primary->safe_psql('postgres', q{INSERT INTO item SELECT 100000 + i, (SELECT embedding FROM source WHERE number = 1) FROM generate_series(1, 200) i});
$primary->safe_psql('postgres', 'DELETE FROM item WHERE id BETWEEN 100003 AND 100190; VACUUM item');
compare_answers('equal vectors');

# -- reads on the standby while everything changes on the primary
my $readers = start_pgbench($standby, clients => 2, seconds => 6,
    scripts => ["\\set id random(0, 99)\nSET enable_seqscan = off;\nSET jit = off;\nSELECT count(*), 1 / (count(*) = 10)::int FROM (SELECT id FROM item ORDER BY embedding <=> (SELECT embedding FROM questions WHERE id = :id) LIMIT 10) t;\n"]);
my $writers = start_pgbench($primary, clients => 1, seconds => 5,
    scripts => [
        "\\set row random(1, 3500)\nUPDATE item SET embedding = (SELECT embedding FROM source WHERE number = :row) WHERE id = :row;\n",
        "\\set row random(1, 5000)\nDELETE FROM item WHERE id = :row;\n",
        "\\set row random(1, 5000)\nINSERT INTO item SELECT number, embedding FROM source WHERE number = :row ON CONFLICT DO NOTHING;\n"]);
foreach my $round (1 .. 8)
{
    $primary->safe_psql('postgres', 'VACUUM item; SELECT pg_sleep(0.3)');
}
my $written = finish_pgbench($writers);
ok($written->{ok}, "the primary changes: $written->{transactions} transactions") or diag $written->{stderr};
my $read = finish_pgbench($readers);
# A query that the standby cancels because vacuum has removed rows that it could see is not the index's business.
ok($read->{ok} || $read->{stderr} =~ /conflict with recovery/, "the standby reads: $read->{transactions} transactions") or diag $read->{stderr};
cmp_ok($read->{transactions}, '>', 100, 'all the while');
compare_answers('after changes beside reads');

# -- a crash of the standby replays again from its last restart point
$standby->safe_psql('postgres', 'CHECKPOINT');
$primary->safe_psql('postgres', 'DELETE FROM item WHERE id % 4 = 2; VACUUM item');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
crash_and_restart($standby);
compare_answers('after a crash of the standby');

# -- promotion
my $before = answers($primary);
# Vectors that do not fit in one page together with links
foreach my $table ('wide', 'wide_inserted')
{
    my $build = "CREATE INDEX ${table}_index ON $table USING hnsw (embedding vector_l2_ops) WITH (m = 16)";
    my $rows = "INSERT INTO $table SELECT i, (SELECT array_agg((i * d) % 101 + d % 7 ORDER BY d) FROM generate_series(1, 2000) d)::vector FROM generate_series(1, 8) i";
    $primary->safe_psql('postgres', "CREATE TABLE $table (id int PRIMARY KEY, embedding vector(2000)); " . ($table eq 'wide' ? "$rows; $build" : "$build; $rows"));
}
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
$primary->stop;
$standby->promote;
is(answers($standby), $before, 'promoted, it still gives the same answers');
my ($status, $stdout, $stderr) = $standby->psql('postgres', 'INSERT INTO item SELECT 200000 + number, embedding FROM source WHERE number % 3 = 0');
is($status, 0, 'rows are inserted into the promoted standby') or diag $stderr;
cmp_ok(rows_not_found($standby, table => 'item', index => 'item_index'), '<=', 3, 'and all are found');
$standby->safe_psql('postgres', 'DELETE FROM item WHERE id % 2 = 0; VACUUM item');
cmp_ok(rows_not_found($standby, table => 'item', index => 'item_index'), '<=', 3, 'also after VACUUM');

foreach my $table ('wide', 'wide_inserted')
{
    ($status, $stdout, $stderr) = $standby->psql('postgres', "INSERT INTO $table SELECT 1000 + id, (embedding::real[] || 3)[2:]::vector FROM wide");
    is($status, 0, "wide vectors: rows are inserted into $table") or diag $stderr;
    is(rows_not_found($standby, table => $table, index => "${table}_index", operator => '<->'), 0, 'and all are found');
    ($status, $stdout, $stderr) = $standby->psql('postgres', "DELETE FROM $table WHERE id % 3 = 0; VACUUM $table;");
    is($status, 0, 'and vacuumed') or diag $stderr;
    is(index_faults($standby, "${table}_index"), '', 'the index is sound');
    is(rows_not_found($standby, table => $table, index => "${table}_index", operator => '<->'), 0, 'the others are found');
}

# -- a base backup that is made while everything changes, and a standby of the former standby that is promoted in the middle
$standby->safe_psql('postgres', 'DELETE FROM item WHERE id >= 100000');
my @changes = (
    "\\set row random(1, 5000)\nINSERT INTO item SELECT number, embedding FROM source WHERE number = :row ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding;\n\@3",
    "\\set row random(1, 5000)\nDELETE FROM item WHERE id = :row;\n\@1");
my $vacuums = join('', ('VACUUM item; SELECT pg_sleep(0.1);') x 200);
my $load = start_pgbench($standby, clients => 3, seconds => 120, scripts => \@changes);
my $vacuum = start_sql($standby, $vacuums);
$standby->backup('amid');
my $successor = PostgreSQL::Test::Cluster->new('hnsw_successor');
$successor->init_from_backup($standby, 'amid', has_streaming => 1);
$successor->start;
my $restored = PostgreSQL::Test::Cluster->new('hnsw_restored');
$restored->init_from_backup($standby, 'amid');
$restored->start;
cmp_ok($restored->safe_psql('postgres', 'SELECT count(*) FROM item'), '>', 500, 'a base backup has the rows');
is(index_faults($restored, 'item_index'), '', 'and a sound index that holds all of them');
$restored->safe_psql('postgres', 'INSERT INTO item SELECT 200000 + number, embedding FROM source WHERE number % 9 = 0; DELETE FROM item WHERE id % 7 = 0; VACUUM item');
is(index_faults($restored, 'item_index'), '', 'which takes rows and gives them up');
cmp_ok(rows_not_found($restored, table => 'item', index => 'item_index', where => 'id % 3 = 0'), '<=', 2, 'and finds them');
$restored->stop;

ok(wait_for_sql($standby, q{EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming')}), 'the successor follows');
$standby->safe_psql('postgres', 'SELECT pg_sleep(1)');
# No goodbye: the last that the successor gets can be the middle of an insert or of VACUUM.
kill 'KILL', $standby->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender'});
# Without a walsender the server ends by itself, and may be quicker.
$standby->stop('immediate', fail_ok => 1);
finish_pgbench($load);
finish_sql($vacuum);
$successor->promote;
cmp_ok($successor->safe_psql('postgres', 'SELECT count(*) FROM item'), '>', 500, 'promoted amid changes, the successor has the rows');
is(index_faults($successor, 'item_index'), '', 'and a sound index that holds all of them');
$load = start_pgbench($successor, clients => 2, seconds => 2, scripts => \@changes);
$successor->safe_psql('postgres', 'VACUUM item');
my $done = finish_pgbench($load);
ok($done->{ok}, "it goes on: $done->{transactions} transactions") or diag $done->{stderr};
$successor->safe_psql('postgres', 'VACUUM item');
is(index_faults($successor, 'item_index', unreached => 0), '', 'and its index is sound');

foreach my $node ($standby, $restored, $successor)
{
    my @signs = grep { /PANIC|FATAL:  inconsistent page|unexpected page at block|could not read block|REINDEX it/ } split /\n/, slurp_file($node->logfile);
    is("@signs", '', 'no sign of damage in the log of ' . $node->name);
}
$successor->stop;
done_testing();
