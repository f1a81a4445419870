# 200 connections at once insert, update, delete and search, on vectors of every type, without an error, while VACUUM runs.
# VECTORX_TEST_SECONDS is for how long, by default 30.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;
use HnswTest;

my $seconds = $ENV{VECTORX_TEST_SECONDS} // 30;
my $clients = 200;
my $node = start_vectorx('hnsw_clients', conf => "max_connections = 250\nautovacuum = off\nmax_wal_size = 4GB\nlog_min_duration_statement = -1\ndeadlock_timeout = '10s'\n");
my $dim = 96;
load_packages($node, dim => $dim);
load_questions($node, dim => $dim);
my %tables = (
    item => [ "vector($dim)", 'embedding', 'vector_cosine_ops', '<=>' ],
    half => [ "halfvec($dim)", "embedding::halfvec($dim)", 'halfvec_l2_ops', '<->' ],
    bits => [ "bit($dim)", "binary_quantize(embedding)::bit($dim)", 'bit_hamming_ops', '<~>' ],
    sparse => [ "sparsevec($dim)", "embedding::sparsevec($dim)", 'sparsevec_cosine_ops', '<=>' ]);
$node->safe_psql('postgres', 'CREATE TABLE source AS SELECT row_number() OVER (ORDER BY id)::int AS number, embedding FROM packages; CREATE UNIQUE INDEX ON source (number); ANALYZE source');
my @scripts;
foreach my $table (sort keys %tables)
{
    my ($type, $value, $opclass, $operator) = @{ $tables{$table} };
    my $weight = $table eq 'item' ? 3 : 1;
    $node->safe_psql('postgres', "CREATE TABLE $table (id int PRIMARY KEY, embedding $type); INSERT INTO $table SELECT number, $value FROM source WHERE number <= 1000;"
          . "CREATE INDEX ${table}_index ON $table USING hnsw (embedding $opclass); ANALYZE $table");
    my $upsert = "ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding";
    push @scripts, "\\set id random(1, 20000)\n\\set row random(1, 5000)\nINSERT INTO $table SELECT :id, $value FROM source WHERE number = :row $upsert;\n\@" . 3 * $weight,
      "\\set id random(1, 20000)\nDELETE FROM $table WHERE id BETWEEN :id AND :id + 3;\n\@" . $weight,
      "\\set id random(0, 99)\nSELECT 1 / (count(*) = 10)::int FROM (SELECT id FROM $table ORDER BY embedding $operator (SELECT $value FROM questions WHERE id = :id) LIMIT 10) t;\n\@" . 4 * $weight;
}
$node->safe_psql('postgres', 'ALTER SYSTEM SET enable_seqscan = off; ALTER SYSTEM SET jit = off; SELECT pg_reload_conf()');
is($node->safe_psql('postgres', "SELECT count(*) FROM (SELECT id FROM $_ ORDER BY embedding $tables{$_}[3] (SELECT $tables{$_}[1] FROM questions WHERE id = 1) LIMIT 10) t"), 10, "$_: searches work")
  foreach (sort keys %tables);

my $run = start_pgbench($node, clients => $clients, seconds => $seconds, scripts => \@scripts);
my $vacuums = 0;
my $most = 0;
my $until = time + $seconds - 2;
while (time < $until)
{
    $node->safe_psql('postgres', join(';', map { "VACUUM $_" } sort keys %tables) . '; SELECT pg_sleep(0.2)');
    ++$vacuums;
    my $connected = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()});
    $most = $connected if $connected > $most;
}
my $done = finish_pgbench($run);
ok($done->{ok}, "$clients clients, $seconds s: $done->{transactions} transactions without an error") or diag $done->{stderr};
is($most, $clients, 'all of them at once');
cmp_ok($done->{transactions}, '>', $clients, 'each has done something');
cmp_ok($vacuums, '>', 0, "VACUUM ran $vacuums times");
is(index_faults($node, "${_}_index"), '', "$_: the index is sound and holds all rows") foreach (sort keys %tables);
cmp_ok(recall($node, table => 'item', index => 'item_index', ef_search => 100), '>=', 0.97, 'recall');
my @signs = grep { /PANIC|TRAP|ERROR|unexpected page at block|could not read block/ } split /\n/, slurp_file($node->logfile);
is("@signs", '', 'no error in the log');

$node->stop;
done_testing();
