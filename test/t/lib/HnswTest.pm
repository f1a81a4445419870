# What the tests of hnsw share beyond VectorxTest: real vectors in any amount, rows that an index has lost, crashes, and
# sessions that run beside the test.
package HnswTest;

use strict;
use warnings;

use Carp;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use VectorxTest;

use Exporter qw(import);
our @EXPORT = qw(
  load_real_vectors
  copy_rows
  insert_by_clients
  rows_not_found
  index_faults
  crash_and_restart
  start_sql
  finish_sql
  wait_for_sql
);

# Loads `packages` (id int primary key, embedding vector(384)) and `questions`, by default the shipped sample. If the
# environment's VECTORX_TEST_DATA names a folder with base.npy and query.npy (float16, one unit vector a row), these
# instead. Returns the number of rows in each.
sub load_real_vectors
{
    my ($node) = @_;
    my $folder = $ENV{VECTORX_TEST_DATA};
    return (load_packages($node), load_questions($node)) unless defined $folder;
    my $rows = _load_npy($node, 'packages', "$folder/base.npy");
    _load_npy($node, 'questions', "$folder/query.npy");
    # Exact search is what takes long.
    $node->safe_psql('postgres', 'DELETE FROM questions WHERE id >= 400');
    return ($rows, $node->safe_psql('postgres', 'SELECT count(*) FROM questions'));
}

# The text of every float16.
sub _float16_texts
{
    my @texts;
    foreach my $bits (0 .. 0xFFFF)
    {
        my ($sign, $exponent, $fraction) = ($bits & 0x8000 ? -1 : 1, $bits >> 10 & 31, $bits & 1023);
        my $value = $exponent == 0 ? $fraction * 2**-24 : (1 + $fraction / 1024) * 2**($exponent - 15);
        $texts[$bits] = sprintf('%.6g', $sign * $value);
    }
    return \@texts;
}

# COPYs a two-dimensional float16 array in NumPy's format 1.0 into a new table; ids are the rows' numbers.
sub _load_npy
{
    my ($node, $table, $path) = @_;
    open(my $in, '<:raw', $path) or croak "$path: $!";
    my ($prefix, $header);
    read($in, $prefix, 10) == 10 && $prefix =~ /^\x93NUMPY\x01/ or croak "$path is not in NumPy's format 1.0";
    read($in, $header, unpack('v', substr($prefix, 8)));
    my ($rows, $dim) = $header =~ /'descr': '<f2', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/
      or croak "$path holds something else: $header";
    my $texts = _float16_texts();
    my $file = $node->basedir . "/$table.copy";
    open(my $out, '>', $file) or croak "$file: $!";
    foreach my $id (0 .. $rows - 1)
    {
        read($in, my $bytes, 2 * $dim) == 2 * $dim or croak "$path is too short";
        print $out "$id\t[", join(',', @$texts[ unpack('v*', $bytes) ]), "]\n";
    }
    close($out) or croak "$file: $!";
    $node->safe_psql('postgres',
        "CREATE TABLE $table (id int PRIMARY KEY, embedding vector($dim)); COPY $table FROM '$file'; ANALYZE $table;");
    unlink $file;
    return $rows;
}

# A new table `name` of the same columns as `packages`, with `rows` if wanted (a condition), else empty.
sub copy_rows
{
    my ($node, $name, $where) = @_;
    $where //= 'false';
    $node->safe_psql('postgres',
        "CREATE TABLE $name (id int PRIMARY KEY, embedding vector(384));"
          . "INSERT INTO $name SELECT id, embedding FROM packages WHERE $where;");
}

# `clients` insert the rows of `packages` into a table, each row in a transaction of its own, all at once.
sub insert_by_clients
{
    my ($node, $name, $clients) = @_;
    $node->safe_psql('postgres',
        'CREATE TABLE IF NOT EXISTS numbered AS SELECT row_number() OVER (ORDER BY id) AS number, id AS package FROM packages;'
          . 'CREATE UNIQUE INDEX IF NOT EXISTS numbered_number ON numbered (number); ANALYZE numbered;'
          . 'DROP SEQUENCE IF EXISTS inserted; CREATE SEQUENCE inserted;');
    my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM numbered');
    my $done = finish_pgbench(
        start_pgbench(
            $node,
            clients => $clients,
            transactions => int(($rows + $clients - 1) / $clients),
            scripts => [
                "SELECT nextval('inserted') AS number \\gset\n"
                  . "INSERT INTO $name SELECT id, embedding FROM packages WHERE id = "
                  . "(SELECT package FROM numbered WHERE numbered.number = :number);\n"
            ]));
    ok($done->{ok}, "$clients clients insert at once") or diag $done->{stderr};
    is($node->safe_psql('postgres', "SELECT count(*) FROM $name"), $rows, 'all rows');
}

# How many rows of a table the index does not find when asked for their own vectors: neither among the nearest 30, nor
# behind 30 that are as near. Dies if the index is not used.
#   table, index; where => 'true': which rows to look for; ef_search => 200; operator => '<=>'
sub rows_not_found
{
    my ($node, %params) = (shift, where => 'true', ef_search => 200, operator => '<=>', @_);
    my $nearest = "SELECT n.id, n.embedding $params{operator} a.embedding AS distance FROM $params{table} n "
      . "ORDER BY n.embedding $params{operator} a.embedding LIMIT 30";
    my $sql = "SELECT count(*) FROM $params{table} a WHERE ($params{where}) AND NOT (SELECT bool_or(id = a.id) OR "
      . "count(*) FILTER (WHERE distance <= (a.embedding $params{operator} a.embedding) + 1e-6) = 30 "
      . "FROM ($nearest) nearest)";
    my $output = $node->safe_psql('postgres',
            "SET jit = off; SET enable_seqscan = off; SET enable_sort = off; SET hnsw.ef_search = $params{ef_search};\n"
          . "EXPLAIN (COSTS OFF) $sql;\n$sql;");
    croak "the planner does not use $params{index}:\n$output" unless $output =~ /Index Scan using \Q$params{index}\E on/;
    return $output =~ /^(\d+)\z/m ? $1 : croak "unexpected output:\n$output";
}

# What vectorx_check() finds wrong with an index and with the rows of its table: nothing, or a text that shows it.
sub index_faults
{
    my ($node, $index) = @_;
    return $node->safe_psql(
        'postgres', qq{
        SELECT string_agg(fault || ' at ' || coalesce(block::text, '-') || '/' || coalesce(slot::text, '-'), '; ')
        FROM (SELECT * FROM vectorx_check('$index', true) LIMIT 9) faults});
}

# Kills every process of the server at once with SIGKILL, and starts it again.
sub crash_and_restart
{
    my ($node) = @_;
    my $postmaster = $node->{_pid} or croak 'the server does not run';
    # The postmaster first, or it would begin to clean up.
    kill 'STOP', $postmaster;
    my @children = split ' ', `ps -o pid= --ppid $postmaster`;
    $node->kill9;
    kill 'KILL', @children;
    for (1 .. 1000)
    {
        last unless grep { kill 0, $_ } $postmaster, @children;
        sleep 0.01;
    }
    $node->start;
}

# Starts SQL in a session of its own, statement by statement, and returns at once.
my $sql_runs = 0;

sub start_sql
{
    my ($node, $sql) = @_;
    my ($stdout, $stderr) = ('', '');
    my $file = $node->basedir . '/sql_' . ++$sql_runs . '.sql';
    append_to_file($file, $sql);
    my $handle = IPC::Run::start(
        [
            $node->installed_command('psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose',
            '-d', $node->connstr('postgres'), '-f', $file
        ],
        '>' => \$stdout,
        '2>' => \$stderr,
        IPC::Run::timeout(2 * $PostgreSQL::Test::Utils::timeout_default));
    return { handle => $handle, stdout => \$stdout, stderr => \$stderr, started => time };
}

# Waits for its end; returns a hash with ok, stdout, stderr and the seconds that it took.
sub finish_sql
{
    my ($run) = @_;
    my $ok = $run->{handle}->finish;
    return { ok => $ok ? 1 : 0, stdout => ${ $run->{stdout} }, stderr => ${ $run->{stderr} }, seconds => time - $run->{started} };
}

# Waits until a query answers `t`, asked again and again in one session; false if it does not within `seconds`.
sub wait_for_sql
{
    my ($node, $condition, $seconds) = @_;
    my $limit = $seconds // 30;
    return $node->safe_psql('postgres', qq{
        CREATE OR REPLACE FUNCTION wait_until() RETURNS bool LANGUAGE plpgsql AS \$\$
        DECLARE until timestamptz := clock_timestamp() + '$limit s';
        BEGIN
          WHILE clock_timestamp() < until LOOP
            PERFORM pg_stat_clear_snapshot();
            IF ($condition) THEN RETURN true; END IF;
            PERFORM pg_sleep(0.001);
          END LOOP;
          RETURN false;
        END
        \$\$;
        SELECT wait_until();}) eq 't';
}

1;
