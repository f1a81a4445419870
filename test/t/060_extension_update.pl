# ALTER EXTENSION vectorx UPDATE: from each released version, the database holds afterwards what CREATE EXTENSION makes. The
# scripts of released versions are in test/upgrade.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

my $releases = abs_path(dirname(__FILE__) . '/../upgrade');
my $current = control_version();

# Scripts of other versions go to where the server looks for them, and away at the end.
my ($share) = run_command([ 'pg_config', '--sharedir' ]);
my $scripts = "$share/extension";
plan skip_all => "may not write to $scripts" unless -w $scripts;
my @added;
END { unlink @added; }

sub add_script
{
    my ($name, $text) = @_;
    die "$scripts/$name is there" if -e "$scripts/$name";
    push @added, "$scripts/$name";
    append_to_file("$scripts/$name", $text);
}

my $node = start_vectorx('update', extension => 0);
my $list_objects = slurp_file("$releases/objects.sql");
my $databases = 0;

# A new database, after the SQL given.
sub database
{
    my ($sql) = @_;
    my $name = 'd' . ++$databases;
    $node->safe_psql('postgres', "CREATE DATABASE $name");
    $node->safe_psql($name, $sql);
    return $name;
}

sub objects { return split /\n/, $node->safe_psql($_[0], $list_objects); }

# What one list has and the other has not: "- line" is missing, "+ line" is too much.
sub differences
{
    my ($wanted, $found) = @_;
    my (%wanted, %found);
    $wanted{$_}++ for @$wanted;
    $found{$_}++ for @$found;
    return ((map { "- $_" } grep { ($found{$_} // 0) != $wanted{$_} } sort keys %wanted),
        (map { "+ $_" } grep { !exists $wanted{$_} } sort keys %found));
}

# Differences between version OLD, updated, and a fresh extension.
my @fresh = objects(database('CREATE EXTENSION vectorx'));
sub differences_after_update
{
    my ($old) = @_;
    my @updated = objects(database("CREATE EXTENSION vectorx VERSION '$old'; ALTER EXTENSION vectorx UPDATE;"));
    return differences(\@fresh, \@updated);
}

# The list itself: it knows all kinds of objects that the extension has, and is the same whatever else a database holds.
cmp_ok(scalar(@fresh), '>', 400, 'the extension has its objects');
is_deeply([ grep { /^not described/ } @fresh ], [], 'all of them are of kinds that the list describes');
my @other = objects(database(q{
    CREATE TABLE t (i int);
    CREATE TYPE mine AS (a int, b int);
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE EXTENSION vectorx;
    CREATE INDEX ON t (i);}));
is_deeply([ differences(\@fresh, \@other) ], [], 'databases that have it from CREATE EXTENSION are alike');

# Each change of an object, or its absence, is a difference.
my %changes = (
    'a function without PARALLEL SAFE' => [ 'ALTER FUNCTION l2_distance(vector, vector) PARALLEL UNSAFE', qr/l2_distance/ ],
    'a function that is missing' => [
        'ALTER EXTENSION vectorx DROP FUNCTION vectorx_check(regclass, boolean); DROP FUNCTION vectorx_check', qr/vectorx_check/
    ],
    'an operator with another selectivity' => [ 'ALTER OPERATOR = (vector, vector) SET (RESTRICT = neqsel)', qr/neqsel/ ],
    'an operator class that is missing' => [
        'ALTER EXTENSION vectorx DROP OPERATOR CLASS vector_l1_ops USING hnsw;'
          . ' DROP OPERATOR CLASS vector_l1_ops USING hnsw', qr/vector_l1_ops/
    ],
    'an operator family with one function more' => [
        'ALTER OPERATOR FAMILY vector_ops USING btree ADD FUNCTION 4 (vector, vector) btequalimage(oid)', qr/btequalimage/
    ],
    'an aggregate with another initial value' => [
        "CREATE OR REPLACE AGGREGATE avg(vector) (SFUNC = vector_accum, STYPE = double precision[],"
          . " FINALFUNC = vector_avg, COMBINEFUNC = vector_combine, INITCOND = '{1}', PARALLEL = SAFE)", qr/\{1\}/
    ],
    'a type with another storage' => [ 'ALTER TYPE sparsevec SET (STORAGE = extended)', qr/pg_type/ ],
    'a cast that is missing' => [
        'ALTER EXTENSION vectorx DROP CAST (vector AS halfvec); DROP CAST (vector AS halfvec)', qr/halfvec/
    ],
    'an object that does not belong to the extension' => [ 'ALTER EXTENSION vectorx DROP FUNCTION vector_dims(vector)', qr/vector_dims/ ],
    'an object too much' => [
        "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER EXTENSION vectorx ADD FUNCTION more()", qr/more/
    ],
    'a comment' => [ "COMMENT ON FUNCTION vector_dims(vector) IS 'other'", qr/other/ ],
);
foreach my $name (sort keys %changes)
{
    my ($sql, $line) = @{ $changes{$name} };
    my @differences = differences(\@fresh, [ objects(database("CREATE EXTENSION vectorx; $sql")) ]);
    ok((grep { $_ =~ $line } @differences), "$name is a difference")
      or diag join "\n", @differences;
}

# Versions made up for this test, before the first: one in which a function is still missing, with an update that adds it, and
# two whose updates are wrong.
my $script = slurp_file("$scripts/vectorx--$current.sql");
my $function = qr/^CREATE FUNCTION vectorx_check\(.*?;\nCOMMENT ON FUNCTION vectorx_check\(.*?';\n/ms;
my ($definition) = $script =~ /($function)/ or die 'no function vectorx_check in the script';
(my $without = $script) =~ s/$function//;
(my $unsafe = $definition) =~ s/\bSTRICT\b// or die 'vectorx_check is not STRICT';
my %updates = ('0.0.1' => $definition, '0.0.2' => '', '0.0.3' => $unsafe);
foreach my $old (sort keys %updates)
{
    add_script("vectorx--$old.sql", $without);
    add_script("vectorx--$old--$current.sql", $updates{$old});
}
is_deeply([ differences_after_update('0.0.1') ], [], 'an update that adds what is missing');
ok((grep { /^- .*vectorx_check/ } differences_after_update('0.0.2')), 'one that adds nothing is found out');
ok((grep { /^\+ .*"proisstrict": false/ } differences_after_update('0.0.3')), 'and one that adds something else');

# Released versions.
my @released = glob "$releases/vectorx--*.sql";
note 'no version has been released before this one' unless @released;
foreach my $file (@released)
{
    my ($old) = basename($file) =~ /^vectorx--(.+)\.sql$/;
    next if $old eq $current;
    add_script(basename($file), slurp_file($file));
    my $path = $node->safe_psql('postgres',
        "SELECT path FROM pg_extension_update_paths('vectorx') WHERE source = '$old' AND target = '$current'");
    isnt($path, '', "there is a way from $old to $current") or next;
    is_deeply([ differences_after_update($old) ], [], "$old, updated, is like $current");

    my $database = database("CREATE EXTENSION vectorx VERSION '$old'");
    load_packages($node, database => $database, rows => 500);
    $node->safe_psql($database, "CREATE INDEX ON packages USING $_ (embedding vector_cosine_ops)") for qw(hnsw ivfflat);
    my $nearest = 'SET enable_seqscan = off; SELECT array_agg(id) FROM'
      . ' (SELECT id FROM packages ORDER BY embedding <=> (SELECT embedding FROM packages WHERE id = 7) LIMIT 10) t';
    my $before = $node->safe_psql($database, $nearest);
    $node->safe_psql($database, 'ALTER EXTENSION vectorx UPDATE');
    is($node->safe_psql($database, $nearest), $before, "indexes of $old answer as before");
}

$node->stop;
done_testing();
