# Recall of hnsw on real vectors against exact search, for each distance, and that the measure itself can tell.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

my $node = start_vectorx('recall');
is(load_packages($node), 5000, 'loaded the packages');
is(load_questions($node), 100, 'loaded the questions');

my %operator_of = (
    vector_cosine_ops => '<=>',
    vector_l2_ops => '<->',
    vector_ip_ops => '<#>',
    vector_l1_ops => '<+>');

foreach my $class (sort keys %operator_of)
{
    my %search = (index => 'packages_hnsw', operator => $operator_of{$class});
    $node->safe_psql('postgres', "CREATE INDEX packages_hnsw ON packages USING hnsw (embedding $class)");

    my $default = measure_recall($node, %search);
    cmp_ok($default->{recall}, '>=', 0.95, "$class: recall\@10 at the default ef_search");
    is($default->{results}, 1000, "$class: ten results for each question");
    is($default->{disordered}, 0, "$class: nearest first");
    is($default->{duplicates}, 0, "$class: no row twice");

    my $narrow = recall($node, %search, ef_search => 10);
    my $wide = recall($node, %search, ef_search => 200);
    cmp_ok($wide, '>=', 0.99, "$class: recall\@10 at ef_search = 200");
    cmp_ok($narrow, '<', $wide, "$class: less at ef_search = 10");
    $node->safe_psql('postgres', 'DROP INDEX packages_hnsw');
}

# What the measure is worth: it must not take exact search for the index, and must count what is missing.
ok(!eval { recall($node, index => 'packages_hnsw'); 1 }, 'no recall is reported without the index');
like($@, qr/does not use packages_hnsw/, 'because the planner does not use it');
$node->safe_psql('postgres',
    'CREATE INDEX packages_hnsw ON packages USING hnsw (embedding vector_cosine_ops) WHERE id % 2 = 0');
my $half = measure_recall($node, index => 'packages_hnsw', where => 'id % 2 = 0', ef_search => 200);
cmp_ok($half->{recall}, '>=', 0.99, 'a partial index finds its rows');
my $exact = rank_exactly($node);
is(scalar(keys %$exact), 100, 'exact search answers every question');
is(scalar(grep { @$_ != 10 } values %$exact), 0, 'with ten rows each');

# Clients beside each other.
my $clients = start_pgbench(
    $node,
    clients => 3,
    transactions => 20,
    scripts => [
        "\\set id random(0, 99)\nSELECT id FROM packages ORDER BY embedding <=> "
          . "(SELECT embedding FROM questions WHERE id = :id) LIMIT 10;\n\@3",
        "\\set id random(0, 99)\nSELECT count(*) FROM packages WHERE id % 100 = :id;\n"
    ]);
my $done = finish_pgbench($clients);
ok($done->{ok}, 'three clients search') or diag $done->{stderr};
is($done->{transactions}, 60, 'to the end');
ok(!finish_pgbench(start_pgbench($node, transactions => 1, scripts => ['SELECT 1 / 0;']))->{ok},
    'a client that fails is noticed');

$node->stop;
done_testing();
