# docs/reference.md is what scripts/generate-reference prints now, and names every object of the extension.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

my $node = start_vectorx('reference');
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;

my ($page, $stderr) = ('', '');
ok(run_log([ "$ENV{TESTDIR}/scripts/generate-reference", '--server' ], '>', \$page, '2>', \$stderr), 'the page can be made');
is($stderr, '', 'without a warning');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname LIKE 'vectorx_reference%'}), '0', 'the scratch database is gone');

# What one page has and the other has not, line by line: is() would print both, which are long.
sub only_in
{
    my ($one, $other) = @_;
    my %there = map { $_ => 1 } split /\n/, $other;
    return join "\n", grep { !$there{$_} } split /\n/, $one;
}

my $stored = slurp_file("$ENV{TESTDIR}/docs/reference.md");
ok($page eq $stored, 'docs/reference.md is up to date')
  or diag "run scripts/generate-reference; missing:\n" . only_in($page, $stored) . "\ntoo much:\n" . only_in($stored, $page);

# Whatever the sections are, nothing falls between them. Array types and operator families come with what is listed.
my @absent;
foreach my $row (split /\n/, $node->safe_psql('postgres', q{
    SET search_path = public, pg_catalog;
    LOAD 'vectorx';
    SELECT classid::regclass::text, coalesce(
             (SELECT proname FROM pg_proc WHERE oid = objid AND classid = 'pg_proc'::regclass),
             (SELECT typname FROM pg_type WHERE oid = objid AND classid = 'pg_type'::regclass AND typelem = 0),
             (SELECT oprname FROM pg_operator WHERE oid = objid AND classid = 'pg_operator'::regclass),
             (SELECT opcname FROM pg_opclass WHERE oid = objid AND classid = 'pg_opclass'::regclass),
             (SELECT amname FROM pg_am WHERE oid = objid AND classid = 'pg_am'::regclass))
      FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
       AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'vectorx')
       AND classid NOT IN ('pg_opfamily'::regclass, 'pg_cast'::regclass)
     UNION ALL
    SELECT 'pg_settings', name FROM pg_settings WHERE name ~ '^(hnsw|ivfflat|vectorx)\.'
     UNION ALL
    SELECT 'parameter', unnest(ARRAY['m', 'ef_construction', 'storage', 'lists'])}))
{
    my ($catalog, $name) = split /\|/, $row, 2;
    next unless length $name;
    $name =~ s/\|/\\|/g;
    push @absent, "$catalog $name" unless $page =~ /`\Q$name\E[`(]/;
}
is("@absent", '', 'every object is named');

# The ranges are the server's own words.
like($page, qr/^\| `hnsw` \| `m` \| 2 to 100 \| `16` \| /m, 'a range and a default of a storage parameter');
like($page, qr/^\| `ivfflat` \| `storage` \| `plain`, `quantized` \| `plain` \| /m, 'names of values of another');
unlike($page, qr/\| *\|$/m, 'nothing lacks its description');

$node->stop;
done_testing();
