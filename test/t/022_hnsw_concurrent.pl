# Inserts, updates, deletes and searches by several clients while VACUUM runs again and again, and the index is rebuilt
# beside them. Afterwards every live row is found.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;
use HnswTest;

my $node = start_vectorx('hnsw_concurrent', conf => "autovacuum = off\nmax_parallel_maintenance_workers = 2\ndeadlock_timeout = '100ms'\nlog_lock_waits = off\n");
my $dim = 64;
load_packages($node, dim => $dim);
load_questions($node, dim => $dim);
$node->safe_psql('postgres', "CREATE TABLE source AS SELECT row_number() OVER (ORDER BY id)::int AS number, embedding FROM packages; CREATE UNIQUE INDEX ON source (number); ANALYZE source;"
      . "CREATE TABLE item (id int PRIMARY KEY, embedding vector($dim)); CREATE INDEX item_index ON item USING hnsw (embedding vector_cosine_ops); CREATE SEQUENCE number;");

# A search returns the nearest first, each row once, and only what can be seen.
$node->safe_psql('postgres', q{
    CREATE FUNCTION check_search(wanted int) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET enable_sort = off SET jit = off AS $$
    DECLARE found record;
    BEGIN
      SELECT count(*) AS rows, count(DISTINCT id) AS ids, count(*) FILTER (WHERE back) AS back INTO found FROM (
        SELECT id, d < lag(d) OVER (ORDER BY place) - 1e-6 AS back FROM (
          SELECT id, d, row_number() OVER () AS place FROM (
            SELECT id, embedding <=> (SELECT embedding FROM questions WHERE id = wanted) AS d FROM item
            ORDER BY embedding <=> (SELECT embedding FROM questions WHERE id = wanted) LIMIT 20) s) t) u;
      IF found.rows <> found.ids OR found.back > 0 THEN RAISE 'wrong answer: %', found; END IF;
    END
    $$;});
my @scripts = (
    "SELECT nextval('number') AS id \\gset\nINSERT INTO item SELECT :id, embedding FROM source WHERE number = :id % 5000 + 1;\n\@4",
    # many rows with one vector
    "SELECT nextval('number') AS id \\gset\nINSERT INTO item SELECT :id, embedding FROM source WHERE number = :id % 7 + 1;\n\@2",
    "\\set row random(1, 5000)\n\\set other random(1, 5000)\nUPDATE item SET embedding = (SELECT embedding FROM source WHERE number = :other) WHERE id = :row;\n\@2",
    "\\set row random(1, 8000)\nDELETE FROM item WHERE id BETWEEN :row AND :row + 2;\n\@1",
    "\\set row random(1, 8000)\nBEGIN;\nUPDATE item SET embedding = embedding + embedding WHERE id = :row;\nROLLBACK;\n\@1",
    "\\set id random(0, 99)\nSELECT check_search(:id);\n\@3");

sub check_rows
{
    my ($what) = @_;
    my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM item');
    my $lost = rows_not_found($node, table => 'item', index => 'item_index', where => 'id % 3 = 0');
    note "$what: $rows rows, of a third of which $lost are not found";
    cmp_ok($rows, '>', 300, "$what: there are rows");
    cmp_ok($lost, '<=', 1 + $rows / 1000, "$what: all rows are found");
    cmp_ok(recall($node, table => 'item', index => 'item_index', ef_search => 100), '>=', 0.97, "$what: recall");
    return;
}

# -- from an empty index on
my $clients = start_pgbench($node, clients => 4, seconds => 8, scripts => \@scripts);
my $vacuums = 0;
my $until = time + 7;
while (time < $until)
{
    $node->safe_psql('postgres', 'VACUUM item; SELECT pg_sleep(0.1)');
    ++$vacuums;
}
my $done = finish_pgbench($clients);
ok($done->{ok}, "beside VACUUM: $done->{transactions} transactions") or diag $done->{stderr};
cmp_ok($vacuums, '>=', 2, "VACUUM ran $vacuums times");
check_rows('beside VACUUM');

# -- everything deleted under the inserters
$clients = start_pgbench($node, clients => 3, seconds => 5, scripts => \@scripts);
foreach my $round (1 .. 4)
{
    $node->safe_psql('postgres', 'DELETE FROM item; VACUUM (TRUNCATE off) item; SELECT pg_sleep(0.5)');
}
$done = finish_pgbench($clients);
ok($done->{ok} || $done->{stderr} =~ /deadlock/, "while all rows are deleted: $done->{transactions} transactions") or diag $done->{stderr};
check_rows('all rows deleted again and again');

# -- the index rebuilt, and another one made, beside writers
$clients = start_pgbench($node, clients => 3, seconds => 7, scripts => \@scripts);
foreach my $statement ('REINDEX INDEX CONCURRENTLY item_index', 'CREATE INDEX CONCURRENTLY second_index ON item USING hnsw (embedding vector_l2_ops)',
    'VACUUM item', 'DROP INDEX CONCURRENTLY second_index', 'REINDEX TABLE CONCURRENTLY item', 'REINDEX INDEX item_index')
{
    my ($status, $stdout, $stderr) = $node->psql('postgres', $statement);
    is($status, 0, "$statement beside writers") or diag $stderr;
}
$done = finish_pgbench($clients);
ok($done->{ok}, "beside REINDEX: $done->{transactions} transactions") or diag $done->{stderr};
check_rows('beside REINDEX');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_index WHERE indrelid = 'item'::regclass AND NOT indisvalid}), '0', 'no index is left invalid');

# -- searches while every row moves to another slot
$node->safe_psql('postgres', 'TRUNCATE item; INSERT INTO item SELECT number, embedding FROM source WHERE number <= 2000');
my $changes = start_sql($node, join(';', map { "UPDATE item SET embedding = embedding WHERE id % 4 = $_; VACUUM item" } (0 .. 3, 0 .. 3)));
my ($status, $stdout, $stderr) = $node->psql('postgres', q{
    SET enable_seqscan = off;
    SET jit = off;
    SET hnsw.ef_search = 1000;
    SELECT count(*), min(rows), max(rows) FROM (
      SELECT (SELECT count(*) FROM (SELECT id FROM item ORDER BY embedding <=> (SELECT embedding FROM questions WHERE id = i % 100) LIMIT 50) t) AS rows
      FROM generate_series(1, 300) i) u;});
is($status, 0, 'searches beside updates of all rows') or diag $stderr;
like($stdout, qr/^300\|50\|50$/m, 'each finds as many rows as asked for');
ok(finish_sql($changes)->{ok}, 'the updates');
check_rows('all rows updated');
my @signs = grep { /PANIC|TRAP|unexpected page at block|could not read block|REINDEX it|ERROR:  wrong answer/ } split /\n/, slurp_file($node->logfile);
is("@signs", '', 'no sign of damage in the log');

$node->stop;
done_testing();
