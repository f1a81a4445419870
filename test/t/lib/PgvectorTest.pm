# What the tests share that start from a real pgvector: a PostgreSQL that has both extensions, whose pg_config
# VECTORX_PGVECTOR_CONFIG names. scripts/test makes one where the sources of pgvector are; without, the tests are skipped.
package PgvectorTest;

use strict;
use warnings;

use Carp;
use File::Basename qw(dirname);
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Exporter qw(import);
our @EXPORT = qw(
  skip_without_pgvector
  start_pgvector
  move_database
  start_move
  move_fails
  schema_dump
  restore_into
  same
);

sub _ask_config
{
    my ($option) = @_;
    my ($value) = run_command([ $ENV{VECTORX_PGVECTOR_CONFIG}, $option ]);
    return $value;
}

sub skip_without_pgvector
{
    plan skip_all => 'no PostgreSQL with pgvector: VECTORX_PGVECTOR_CONFIG is not set' unless $ENV{VECTORX_PGVECTOR_CONFIG};
}

# A server that has the files of both extensions, with pgvector in database postgres.
#   conf => "...": lines for postgresql.conf;  extension => 0: without pgvector
sub start_pgvector
{
    my ($name, %params) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name, install_path => dirname(_ask_config('--bindir')));
    $node->init(@{ $params{init} // [] });
    $node->append_conf('postgresql.conf', "shared_buffers = 128MB\nmin_dynamic_shared_memory = 64MB\n");
    $node->append_conf('postgresql.conf', $params{conf}) if defined $params{conf};
    $node->start;
    $node->safe_psql('postgres', 'CREATE EXTENSION vector') if $params{extension} // 1;
    return $node;
}

# Runs the command of the documentation: (whether it succeeded, stdout, stderr).
#   options => '-v', 'check=yes'
sub move_database
{
    my ($node, $database, $to, @options) = @_;
    my ($stdout, $stderr) = ('', '');
    my $ok = start_move($node, $database, $to, \$stdout, \$stderr, @options)->finish;
    return ($ok, $stdout, $stderr);
}

# Starts it, and returns at once what IPC::Run waits for.
sub start_move
{
    my ($node, $database, $to, $stdout, $stderr, @options) = @_;
    return IPC::Run::start(
        [
            'psql', '-X', '-d', $node->connstr($database), '-v', "to=$to", @options,
            '-f', _ask_config('--sharedir') . '/extension/vectorx_move.sql'
        ],
        '>', $stdout, '2>', $stderr);
}

# That it refuses with an error like `message`, and says `rest` too if given.
sub move_fails
{
    my ($node, $database, $to, $name, $message, $rest, @options) = @_;
    my ($ok, $stdout, $stderr) = move_database($node, $database, $to, @options);
    ok(!$ok, "$name: refused");
    like($stderr, qr/ERROR:  $message/, "$name: said");
    like($stderr, $rest, "$name: in detail") if defined $rest;
    unlike($stdout, qr/moved/, "$name: not moved");
}

# pg_dump of the schema, without comments and what names the extensions.
sub schema_dump
{
    my ($node, $database, @options) = @_;
    my $stdout;
    IPC::Run::run([ 'pg_dump', '-d', $node->connstr($database), '--schema-only', @options ], '>', \$stdout) or croak 'pg_dump failed';
    $stdout =~ s/^(--.*)?\n//mg;
    $stdout =~ s/^(CREATE|COMMENT ON) EXTENSION .*\n//mg;
    # A random key of each run of pg_dump.
    $stdout =~ s/^\\(un)?restrict .*\n//mg;
    return $stdout;
}

# Dumps a database, in a format of pg_dump, and restores it into an empty one of another server. Returns what was written
# to stderr; dies if either program fails.
sub restore_into
{
    my ($from, $from_database, $to, $to_database, $format) = @_;
    my $file = $to->basedir . "/$to_database.dump";
    my $stderr = '';
    $to->safe_psql('postgres', "CREATE DATABASE $to_database");
    IPC::Run::run([ 'pg_dump', '-d', $from->connstr($from_database), "--format=$format", '-f', $file ], '2>', \$stderr)
      or croak "pg_dump: $stderr";
    my @command =
      $format eq 'plain'
      ? ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $to->connstr($to_database), '-f', $file)
      : ('pg_restore', '--exit-on-error', '-d', $to->connstr($to_database), $file);
    IPC::Run::run(\@command, '>', '/dev/null', '2>>', \$stderr) or croak "$command[0]: $stderr";
    unlink $file;
    return $stderr;
}

# Whether two lines are the same, but for the last bits of numbers in them.
sub _same_line
{
    my ($got, $expected) = @_;
    return 1 if $got eq $expected;
    my @got = split /([|,{}])/, $got, -1;
    my @expected = split /([|,{}])/, $expected, -1;
    return 0 if @got != @expected;
    foreach my $i (0 .. $#got)
    {
        next if $got[$i] eq $expected[$i];
        return 0 if grep { !/^-?\d+\.\d+\z/ } $got[$i], $expected[$i];
        return 0 if abs($got[$i] - $expected[$i]) > 1e-5 * (1 + abs($expected[$i]));
    }
    return 1;
}

# `is` for long answers: shows the first line that differs. Distances may differ in their last bits.
sub same
{
    my ($got, $expected, $name) = @_;
    my @got = split /\n/, $got;
    my @expected = split /\n/, $expected;
    my ($line) = grep { !_same_line($got[$_] // '', $expected[$_] // '') } 0 .. (@got > @expected ? $#got : $#expected);
    ok(!defined $line && @got, $name) or diag 'got: ', substr($got[$line] // '(nothing)', 0, 400), "\nexpected: ",
      substr($expected[$line] // '(nothing)', 0, 400);
}

1;
