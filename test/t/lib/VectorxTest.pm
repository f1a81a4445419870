# What the TAP tests share: a server with vectorx, real vectors in it, what exact search finds there, the recall of an
# index against that, and clients that run at the same time. test/t/README.md says how to run and write tests.
package VectorxTest;

use strict;
use warnings;

use Carp;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

use Exporter qw(import);
our @EXPORT = qw(
  start_vectorx
  control_version
  load_packages
  load_questions
  rank_exactly
  measure_recall
  recall
  start_pgbench
  finish_pgbench
);

# The checkout, or the copy of what the tests need from it.
my $root = abs_path(dirname(__FILE__) . '/../../..');

# The version that vectorx.control promises.
sub control_version
{
    return slurp_file("$root/vectorx.control") =~ /^default_version = '([^']+)'/m ? $1 : croak "no version";
}

# A new server named NAME that runs, with the extension in database postgres.
#   conf => "...": lines for postgresql.conf;  init => [...]: arguments of PostgreSQL::Test::Cluster's init;
#   extension => 0: without the extension
sub start_vectorx
{
    my ($name, %params) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init(@{ $params{init} // [] });
    # Parallel builds share memory that the server already holds: containers often have a /dev/shm of 64 MB.
    $node->append_conf('postgresql.conf', "shared_buffers = 128MB\nmin_dynamic_shared_memory = 64MB\n");
    $node->append_conf('postgresql.conf', $params{conf}) if defined $params{conf};
    $node->start;
    $node->safe_psql('postgres', 'CREATE EXTENSION vectorx') if $params{extension} // 1;
    return $node;
}

# Rows of a file of examples/ as COPY takes them: `rows` of them after `skip`, vectors cut to `dim` dimensions.
sub _sample_rows
{
    my ($file, %params) = @_;
    my ($skip, $wanted, $dim) = ($params{skip} // 0, $params{rows}, $params{dim});
    open(my $in, '-|', 'gzip', '-dc', "$root/examples/$file") or croak "could not run gzip: $!";
    my @rows;
    while (my $line = <$in>)
    {
        next if $. <= $skip;
        last if defined $wanted && @rows == $wanted;
        chomp $line;
        if (defined $dim)
        {
            my @fields = split /\t/, $line, -1;
            my @values = split /,/, substr($fields[-1], 1, -1);
            croak "the sample's vectors have " . scalar(@values) . " dimensions, not $dim" if @values < $dim;
            $fields[-1] = '[' . join(',', @values[ 0 .. $dim - 1 ]) . ']';
            $line = join("\t", @fields);
        }
        push @rows, $line;
    }
    close $in;
    croak "$file has " . scalar(@rows) . " rows after $skip, not $wanted" if defined $wanted && @rows < $wanted;
    return \@rows;
}

# COPYs rows into a table, which it creates with COLUMNS unless it is there.
sub _load
{
    my ($node, $columns, $rows, %params) = @_;
    my $sql = "SET client_min_messages = warning;\n" . "CREATE TABLE IF NOT EXISTS $params{table} ($columns);\n";
    $sql .= "COPY $params{table} FROM stdin;\n" . join("\n", @$rows) . "\n\\.\n";
    $sql .= "ANALYZE $params{table};\n";
    $node->safe_psql($params{database}, $sql);
    return scalar @$rows;
}

# Loads packages of the sample into `table` (id int primary key, package, section, summary, embedding vector(dim)).
#   table => 'packages', database => 'postgres'
#   rows => all 5,000, skip => 0: which of them; call again with another skip for more
#   dim => 384: the vectors cut to their first dimensions
# Returns how many.
sub load_packages
{
    my ($node, %params) = (shift, table => 'packages', database => 'postgres', @_);
    my $dim = $params{dim} // 384;
    my $columns = 'id int PRIMARY KEY, package text, section text, summary text, embedding vector(' . $dim . ')';
    return _load($node, $columns, _sample_rows('packages.copy.gz', %params), %params);
}

# The same for the 100 questions: `questions` (id int primary key, question, embedding vector(dim)).
sub load_questions
{
    my ($node, %params) = (shift, table => 'questions', database => 'postgres', @_);
    my $dim = $params{dim} // 384;
    my $columns = 'id int PRIMARY KEY, question text, embedding vector(' . $dim . ')';
    return _load($node, $columns, _sample_rows('queries.copy.gz', %params), %params);
}

sub _settings
{
    my ($settings) = @_;
    return join('', map { "SET $_ = '$settings->{$_}';\n" } sort keys %{ $settings // {} });
}

# The nearest K of every question, and their distance.
sub _nearest_sql
{
    my (%params) = @_;
    my $distance = "$params{column} $params{operator}";
    return "SELECT q.id AS question, n.id, n.distance, n.place FROM $params{questions} q, LATERAL ("
      . "SELECT id, distance, row_number() OVER () AS place FROM ("
      . "SELECT id, $distance q.embedding AS distance FROM $params{table} WHERE $params{where} "
      . "ORDER BY $distance q.embedding LIMIT $params{k}) r) n";
}

my %search_defaults = (
    database => 'postgres',
    table => 'packages',
    column => 'embedding',
    operator => '<=>',
    questions => 'questions',
    where => 'true',
    k => 10,
    settings => {});

# What exact search finds, whatever indexes there are: question id => [[id, distance], ...], nearest first.
# Parameters as of measure_recall.
sub rank_exactly
{
    my ($node, %params) = (shift, %search_defaults, @_);
    my $rows = $node->safe_psql($params{database},
        "SET enable_indexscan = off; SET enable_bitmapscan = off;\n"
          . _nearest_sql(%params) . ' ORDER BY question, place');
    my %ranking;
    foreach my $row (split /\n/, $rows)
    {
        my ($question, $id, $distance) = split /\|/, $row;
        push @{ $ranking{$question} }, [ $id, $distance ];
    }
    return \%ranking;
}

# Searches for the nearest `k` of every question by exact search and through `index`, in one snapshot, and compares.
# Dies if the planner does not use the index: recall of exact search against itself would always be 1.
#   index => the index's name, required
#   table => 'packages', column => 'embedding', questions => 'questions', operator => '<=>', k => 10
#   where => 'true': a condition on the table's rows, for both searches
#   ef_search => hnsw.ef_search;  settings => { name => value }: others for the search through the index
# Returns a hash:
#   recall      share of the true results found; a result counts if it is as near as the true k-th (ties are equals)
#   expected    how many true results there are, results: how many the index returned
#   disordered  how many results are nearer than the one before them
#   duplicates  how many results repeat a row of the same question
sub measure_recall
{
    my ($node, %params) = (shift, %search_defaults, @_);
    croak 'index is required' unless defined $params{index};
    my %settings = (%{ $params{settings} }, enable_seqscan => 'off', enable_sort => 'off');
    $settings{'hnsw.ef_search'} = $params{ef_search} if defined $params{ef_search};
    my $nearest = _nearest_sql(%params);
    # One snapshot for both searches, so that what other clients do meanwhile changes neither.
    my $output = $node->safe_psql(
        $params{database},
        "SET client_min_messages = warning;\n"
          . "BEGIN ISOLATION LEVEL REPEATABLE READ;\n"
          . "SET enable_indexscan = off; SET enable_bitmapscan = off;\n"
          . "CREATE TEMP TABLE exact AS $nearest;\n"
          . "RESET enable_indexscan; RESET enable_bitmapscan;\n"
          . _settings(\%settings)
          . "EXPLAIN (COSTS OFF) $nearest;\n"
          . "CREATE TEMP TABLE found AS $nearest;\n"
          . q{
            WITH kth AS (
                SELECT question, max(distance) AS distance FROM exact GROUP BY question
            ), step AS (
                SELECT distance < lag(distance) OVER (PARTITION BY question ORDER BY place) AS back FROM found
            )
            SELECT 'counts', (SELECT count(*) FROM found f JOIN kth USING (question) WHERE f.distance <= kth.distance),
                (SELECT count(*) FROM exact), (SELECT count(*) FROM found), (SELECT count(*) FROM step WHERE back),
                (SELECT count(*) FROM found) - (SELECT count(*) FROM (SELECT DISTINCT question, id FROM found) d);});
    croak "the planner does not use $params{index}:\n$output"
      unless $output =~ /Index Scan using \Q$params{index}\E on/;
    my ($right, $expected, $results, $disordered, $duplicates) =
      $output =~ /^counts\|(\d+)\|(\d+)\|(\d+)\|(\d+)\|(\d+)$/m
      or croak "unexpected output:\n$output";
    croak 'nothing to find' unless $expected;
    return {
        recall => $right / $expected,
        expected => $expected,
        results => $results,
        disordered => $disordered,
        duplicates => $duplicates
    };
}

# measure_recall's recall alone, which says nothing if the results are wrong otherwise: dies on disorder or duplicates.
sub recall
{
    my ($node, %params) = @_;
    my $measured = measure_recall($node, %params);
    croak "$measured->{disordered} results out of order" if $measured->{disordered};
    croak "$measured->{duplicates} results twice" if $measured->{duplicates};
    return $measured->{recall};
}

# Starts pgbench beside the test and returns at once; finish_pgbench waits for it.
#   scripts => [ "SQL", ... ]: each client runs one of them at random, again and again; "SQL" may end in "@weight"
#   clients => 2;  seconds => 5, or transactions => N for each client
#   variables => { name => value };  database => 'postgres';  mode => 'prepared'
my $pgbench_runs = 0;

sub start_pgbench
{
    my ($node, %params) = (shift, clients => 2, database => 'postgres', mode => 'prepared', variables => {}, @_);
    my @arguments = ('--no-vacuum', "--client=$params{clients}", "--jobs=$params{clients}", "--protocol=$params{mode}");
    my $seconds = $params{seconds} // 5;
    push @arguments, defined $params{transactions} ? "--transactions=$params{transactions}" : "--time=$seconds";
    push @arguments, map { "--define=$_=$params{variables}{$_}" } sort keys %{ $params{variables} };
    my ($run, $number) = (++$pgbench_runs, 0);
    foreach my $script (@{ $params{scripts} })
    {
        my ($sql, $weight) = $script =~ /^(.*?)(@\d+)?\s*$/s;
        my $file = $node->basedir . "/pgbench_${run}_" . ++$number . '.sql';
        append_to_file($file, $sql);
        push @arguments, "--file=$file" . ($weight // '');
    }
    my ($stdout, $stderr) = ('', '');
    my $handle = IPC::Run::start(
        [
            $node->installed_command('pgbench'), '--host', $node->host, '--port', $node->port,
            @arguments, $params{database}
        ],
        '>' => \$stdout,
        '2>' => \$stderr,
        IPC::Run::timeout(10 * $PostgreSQL::Test::Utils::timeout_default));
    return { handle => $handle, stdout => \$stdout, stderr => \$stderr };
}

# Waits until it ends. Returns a hash:
#   ok            whether every client came to its end without an error
#   transactions  how many were done in all
#   stdout, stderr
sub finish_pgbench
{
    my ($run) = @_;
    my $ok = $run->{handle}->finish;
    my ($transactions) = ${ $run->{stdout} } =~ /transactions actually processed: (\d+)/;
    return {
        ok => $ok && ${ $run->{stderr} } !~ /aborted|ERROR/ ? 1 : 0,
        transactions => $transactions // 0,
        stdout => ${ $run->{stdout} },
        stderr => ${ $run->{stderr} }
    };
}

1;
