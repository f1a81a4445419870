# Every SQL statement of the guide runs: the ```sql blocks of a page, in their order, in one database of its own, which has the
# sample, or is empty where the page itself begins with CREATE EXTENSION. Where a statement ends with "--> value", this is
# the last row that it returns; with "--> ... text", a row has that text. What cannot run here is in blocks of another kind.
use strict;
use warnings;

use File::Basename qw(basename);
use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

my $node = start_vectorx('guide', extension => 0);
my $root = $ENV{TESTDIR};

# What a page writes goes where nothing else is; it reads the sample from the root of the checkout.
my $folder = PostgreSQL::Test::Utils::tempdir;
symlink("$root/examples", "$folder/examples") or die "symlink: $!";
chdir $folder or die "chdir: $!";

# Runs a script, or a file's, in a database; false if a statement fails.
sub run_psql
{
    my ($database, $script, $stdout, $stderr, @file) = @_;
    my @psql = ('psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database));
    return IPC::Run::run([ @psql, '-f', @file ? @file : '-' ], '<', \$script, '>', $stdout, '2>', $stderr);
}

$node->safe_psql('postgres', 'CREATE DATABASE sample');
$node->safe_psql('sample', 'CREATE EXTENSION vectorx');
my ($output, $errors);
run_psql('sample', '', \$output, \$errors, 'examples/load.sql') or die "could not load the sample: $errors";

# The script of a page: its ```sql blocks, each line at the place that it has in the page, so that psql names it in an error.
sub script_of
{
    my ($text) = @_;
    my ($inside, $line, %expected, @script) = ('', 0);
    foreach (split /\n/, $text)
    {
        $line++;
        my $keep = '';
        if (/^ *```(\w*)/) { $inside = $inside eq '' ? $1 || 'none' : ''; }
        elsif ($inside eq 'sql')
        {
            $keep = $_;
            $expected{$line} = $1 if $keep =~ s/; *--> (.*)$/; \\qecho \@$line/;
        }
        push @script, $keep;
    }
    return (join("\n", @script) . "\n", \%expected);
}

my ($pages, $values) = (0, 0);
foreach my $file ("$root/README.md", sort glob "$root/docs/*.md")
{
    my $name = basename($file);
    my ($script, $expected) = script_of(slurp_file($file));
    next unless $script =~ /\S/;
    SKIP:
    {
        my $empty = $script =~ /^CREATE EXTENSION/m;
        skip "$name: no name vector (make install-compat)", 1
          if $script =~ /^CREATE EXTENSION IF NOT EXISTS vector;/m
          && $node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'vector' AND comment ~ 'vectorx'}) eq '0';
        $pages++;
        $node->safe_psql('postgres', "CREATE DATABASE page$pages TEMPLATE " . ($empty ? 'template1' : 'sample'));
        my ($stdout, $stderr) = ('', '');
        ok(run_psql("page$pages", $script, \$stdout, \$stderr), "$name runs") or diag $stderr;
        # In front of each mark is what its statement returned.
        my (%found, @rows);
        foreach my $row (split /\n/, $stdout)
        {
            if ($row =~ /^\@(\d+)$/) { $found{$1} = [ splice @rows ]; }
            else { push @rows, $row; }
        }
        foreach my $line (sort { $a <=> $b } keys %$expected)
        {
            $values++;
            my $rows = $found{$line} // [];
            if ($expected->{$line} =~ /^\.\.\. (.+)$/)
            {
                my $part = $1;
                ok(scalar(grep { index($_, $part) >= 0 } @$rows), "$name: line $line") or diag join "\n", @$rows;
            }
            else { is($rows->[-1], $expected->{$line}, "$name: line $line"); }
        }
    }
}
cmp_ok($pages, '>=', 10, "$pages pages with SQL");
cmp_ok($values, '>=', 20, "$values values that a page tells");

# It can fail: a statement that is wrong is noticed and named by its line, and so is a value.
my ($script, $expected) = script_of("# A page\n```text\nnot SQL\n```\n```sql\nSELECT 1 + 1;  --> 3\nSELECT vector;\n```\n");
my ($stdout, $stderr) = ('', '');
ok(!run_psql('sample', $script, \$stdout, \$stderr), 'a page with a mistake fails');
like($stderr, qr/^psql:<stdin>:7: ERROR: /, 'by its line');
is($stdout, "2\n\@6\n", 'what its statements return is seen');
is_deeply($expected, { 6 => '3' }, 'and what they ought to');

$node->stop;
done_testing();
