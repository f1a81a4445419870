# Stopping backends at named places (src/pg/race_point.h), and looking at the index afterwards: for tests of an extension that
# was built with RACE_POINTS=1. The index is i, on t (id int, e vector).
package RaceTest;

use strict;
use warnings;

use Exporter qw(import);
use HnswTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
use VectorxTest;

our @EXPORT = qw(start_races hold await release cancel lock_is_awaited finished make_table check_index);

my ($node, $folder);

# A server; skips all tests if the extension has no race points. Parameters as for start_vectorx.
sub start_races
{
    my ($name, %params) = @_;
    $params{conf} = "autovacuum = off\njit = off\nenable_seqscan = off\nenable_sort = off\n" . ($params{conf} // '');
    $node = start_vectorx($name, %params);
    my $library = $node->config_data('--pkglibdir');
    if (slurp_file("$library/vectorx.so") !~ m{race/%s\.reached})
    {
        $node->stop;
        die 'the extension was built without RACE_POINTS=1' if $ENV{VECTORX_RACE_POINTS};
        plan skip_all => 'the extension was built without RACE_POINTS=1';
    }
    $folder = $node->data_dir . '/race';
    mkdir $folder or die "$folder: $!";
    return $node;
}

# The first backend that comes to the point will stop there.
sub hold { append_to_file("$folder/$_[0]", ''); chmod 0666, "$folder/$_[0]"; }

sub await
{
    my ($point) = @_;
    for (1 .. 200 * $PostgreSQL::Test::Utils::timeout_default)
    {
        return pass("stopped at $point") if -e "$folder/$point.reached";
        sleep 0.005;
    }
    fail("nobody came to $point");
}

sub release { unlink "$folder/$_[0].reached" or die "$_[0]: $!"; }

# Cancels a statement that begins with these words and was started as `run`.
sub cancel
{
    my ($words, $run, $point) = @_;
    $node->safe_psql('postgres', qq{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '$words%'});
    ok(!finish_sql($run)->{ok}, "$words is cancelled at $point");
    unlink "$folder/$point.reached";
}

sub lock_is_awaited
{
    ok(wait_for_sql($node, q{EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'page')}), $_[0]);
}

# The output of what start_sql has started, which must succeed.
sub finished
{
    my ($run, $what) = @_;
    my $done = finish_sql($run);
    ok($done->{ok}, $what) or diag $done->{stderr};
    return $done->{stdout};
}

# A table t of points in the plane, of this type, with an index of few links, of `rows` rows with id 1, 2, ...
my $middle = '[50,50]';

sub make_table
{
    my (%params) = (rows => 0, m => 2, type => 'vector(2)', @_);
    my $ef_construction = $params{ef_construction} // ($params{m} > 8 ? 2 * $params{m} : 16);
    my ($name) = $params{type} =~ /^(\w+)/;
    $middle = $name eq 'sparsevec' ? '{1:50,2:50}/2' : '[50,50]';
    $node->safe_psql('postgres', qq{
        SET client_min_messages = warning;
        DROP TABLE IF EXISTS t;
        CREATE TABLE t (id int, e $params{type});
        CREATE INDEX i ON t USING hnsw (e ${name}_l2_ops) WITH (m = $params{m}, ef_construction = $ef_construction);
        SELECT setseed(@{[$params{seed} // 0.5]});
        INSERT INTO t SELECT i, ARRAY[random() * 100, random() * 100]::vector::$params{type} FROM generate_series(1, $params{rows}) i});
}

# Sound, and a search that takes as long as it likes finds every row.
sub check_index
{
    my ($what) = @_;
    is(index_faults($node, 'i'), '', "$what: the index is sound and holds all rows");
    my ($found, $rows) = split /\|/, $node->safe_psql('postgres',
        qq{SET hnsw.ef_search = 1000; SELECT (SELECT count(*) FROM (SELECT id FROM t ORDER BY e <-> '$middle' LIMIT 5000) s),
          (SELECT count(*) FROM t)});
    is($found, $rows, "$what: searches find all rows");
}

1;
