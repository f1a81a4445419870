# Recall of an index that was built with workers, by one process, out of memory, or row by row by clients at once; and
# after half of its rows have been deleted. VECTORX_TEST_DATA makes it run on more than the sample.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;
use HnswTest;

my $node = start_vectorx('hnsw_recall', conf => "max_parallel_maintenance_workers = 2\nmaintenance_work_mem = '512MB'\nautovacuum = off\n");
my ($rows) = load_real_vectors($node);
# Rows that are looked for one by one: about a thousand.
my $some = 'id % ' . int(1 + $rows / 1000) . ' = 0';
my %built;

# Recall at ef_search 40 and 160, as high as it must be, and no worse than that of the first build.
sub check_recall
{
    my ($name, $what) = @_;
    my %at = map { $_ => recall($node, table => $name, index => "${name}_index", ef_search => $_) } (40, 160);
    note "$what: recall $at{40} at ef_search 40, $at{160} at 160";
    cmp_ok($at{40}, '>=', 0.94, "$what: recall\@10 at ef_search 40");
    cmp_ok($at{160}, '>=', 0.98, "$what: recall\@10 at ef_search 160");
    if (%built)
    {
        cmp_ok($at{$_}, '>=', $built{$_} - 0.01, "$what: recall within 0.01 of the first build at ef_search $_")
          foreach (40, 160);
    }
    else
    {
        %built = %at;
    }
    is(index_faults($node, "${name}_index"), '', "$what: the index is sound and holds all rows");
    my $lost = rows_not_found($node, table => $name, index => "${name}_index", where => $some);
    my $looked_for = $node->safe_psql('postgres', "SELECT count(*) FROM $name WHERE $some");
    note "$what: $lost of $looked_for rows do not find themselves";
    return $lost;
}

sub build_index
{
    my ($name, $settings) = @_;
    my ($status, $stdout, $stderr) = $node->psql('postgres',
        "$settings; CREATE INDEX ${name}_index ON $name USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64)");
    is($status, 0, "CREATE INDEX: $settings") or diag $stderr;
    return $stderr;
}

# -- builds
my $watch = start_sql($node, q{
    DO $$
    DECLARE most int := 0; now int; until timestamptz := clock_timestamp() + '60 s'; done bool := false;
    BEGIN
      WHILE NOT done AND clock_timestamp() < until LOOP
        PERFORM pg_stat_clear_snapshot();
        SELECT count(*) INTO now FROM pg_stat_activity WHERE backend_type = 'parallel worker' AND query LIKE 'CREATE INDEX%';
        most := greatest(most, now);
        done := most >= 2 OR to_regclass('packages_index') IS NOT NULL;
      END LOOP;
      RAISE WARNING 'workers: %', most;
    END
    $$;});
ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_stat_activity WHERE query ~ 'most := greatest' AND pid <> pg_backend_pid())}), 'a session watches');
is(build_index('packages', 'SET max_parallel_maintenance_workers = 2'), '', 'no notice while memory is enough');
like(finish_sql($watch)->{stderr}, qr/workers: 2$/m, 'two workers take part');
is(check_recall('packages', 'built with two workers'), 0, 'all rows are found');
my $size = $node->safe_psql('postgres', "SELECT pg_relation_size('packages_index')");
$node->safe_psql('postgres', 'DROP INDEX packages_index');

build_index('packages', 'SET max_parallel_maintenance_workers = 0');
is(check_recall('packages', 'built by one process'), 0, 'all rows are found');
is($node->safe_psql('postgres', "SELECT pg_relation_size('packages_index')"), $size, 'in an index of the same size');
$node->safe_psql('postgres', 'DROP INDEX packages_index');

# -- out of memory: about half of the rows fit
my $memory = int($rows * 500 / 2 / 1024);
# PostgreSQL allows no workers for so little memory unless the table says so.
$node->safe_psql('postgres', 'ALTER TABLE packages SET (parallel_workers = 2)');
my $notice = build_index('packages', "\\set VERBOSITY verbose\nSET max_parallel_maintenance_workers = 2; SET maintenance_work_mem = '${memory}kB'");
(my $said = $notice) =~ s/^.*?NOTICE:  (.*?)\nDETAIL:  (.*?)\nHINT:  (.*?)\nLOCATION: .*\z/$1 | detail: $2 | hint: $3/s;
$said =~ s/\b\d+ tuples/N tuples/;
is($said, '00000: hnsw graph no longer fits into maintenance_work_mem after N tuples | detail: Building will take significantly more time. | hint: Increase maintenance_work_mem to speed up builds.', 'the notice');
my ($fitted) = $notice =~ /after (\d+) tuples/;
cmp_ok($fitted, '>', $rows / 5, 'memory is used');
cmp_ok($fitted, '<', $rows * 0.6, 'and no more than allowed');
is(() = $notice =~ /NOTICE/g, 1, 'said once');
cmp_ok(check_recall('packages', 'built with half the memory'), '<=', $rows / 1000, 'nearly all rows are found');
$node->safe_psql('postgres', 'DROP INDEX packages_index');

# -- inserts
copy_rows($node, 'inserted_rows');
build_index('inserted_rows', 'SET max_parallel_maintenance_workers = 0');
insert_by_clients($node, 'inserted_rows', 4);
cmp_ok(check_recall('inserted_rows', 'inserted by four clients'), '<=', $rows / 1000, 'nearly all rows are found');

# -- deletes
$node->safe_psql('postgres', 'DELETE FROM inserted_rows WHERE id % 2 = 1');
my $before = recall($node, table => 'inserted_rows', index => 'inserted_rows_index', ef_search => 160);
cmp_ok($before, '>=', 0.9, 'dead rows take places in the results, but not all of them');
$node->safe_psql('postgres', 'VACUUM inserted_rows');

$some =~ s/id/(id \/ 2)/;
cmp_ok(check_recall('inserted_rows', 'inserted, half of them deleted, vacuumed'), '<=', $rows / 1000, 'nearly all rows are found');
my $vacuumed = $node->safe_psql('postgres', "SELECT pg_relation_size('inserted_rows_index')");
$node->safe_psql('postgres', 'INSERT INTO inserted_rows SELECT id, embedding FROM packages WHERE id % 2 = 1; VACUUM inserted_rows');
cmp_ok(check_recall('inserted_rows', 'the other half inserted again'), '<=', $rows / 1000, 'nearly all rows are found');
cmp_ok($node->safe_psql('postgres', "SELECT pg_relation_size('inserted_rows_index')"), '<=', 1.02 * $vacuumed, 'in the slots that had become free');

build_index('packages', 'SET max_parallel_maintenance_workers = 2');
$node->safe_psql('postgres', 'DELETE FROM packages WHERE id % 2 = 0');
$node->safe_psql('postgres', 'VACUUM packages');
cmp_ok(check_recall('packages', 'built, half of them deleted, vacuumed'), '<=', $rows / 1000, 'nearly all rows are found');

$node->stop;
done_testing();
