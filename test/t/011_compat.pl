# What pgvector offers to SQL is there, as scripts/check-compat sees it, and every object says what it is.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

my $node = start_vectorx('compat');
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
my $script = "$ENV{TESTDIR}/scripts/check-compat";
my $catalogue = "$ENV{TESTDIR}/test/compat/pgvector-0.8.6.txt";

my ($stdout, $stderr);
my $same = run_log([$script], '>', \$stdout, '2>', \$stderr);
ok($same, 'nothing is missing or different but what is documented') or diag "$stdout$stderr";
diag $_ for grep { /no longer needed/ } split /\n/, $stdout;
unlike($stdout, qr/^(missing|different)/m, 'and nothing is listed');
is($stderr, '', 'without a warning');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname LIKE 'vectorx_compat%'}), '0', 'the scratch database is gone');

# It can fail: a function that nobody has, and one that is otherwise.
my $dir = PostgreSQL::Test::Utils::tempdir;
my $other = slurp_file($catalogue);
$other =~ s/^function hamming_distance\(/function hamming_distances(/m or die;
$other =~ s/^(cast halfvec -> vector context=)a/$1i/m or die;
append_to_file("$dir/other.txt", $other);
ok(!run_log([$script, '--catalogue', "$dir/other.txt"], '>', \$stdout, '2>', \$stderr), 'another catalogue is not matched');
like($stdout, qr/^missing: +function hamming_distances\(bit,bit\)/m, 'what is missing is named');
like($stdout, qr/^different: cast halfvec -> vector context=i\n +vectorx: cast halfvec -> vector context=a$/m, 'and what is different');

# Objects of the extension without a comment; operator families come of their operator classes and have none.
is( $node->safe_psql(
        'postgres', q{
    SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE e.extname = 'vectorx' AND d.deptype = 'e' AND d.classid <> 'pg_opfamily'::regclass
      AND NOT (d.classid = 'pg_type'::regclass AND (SELECT typelem <> 0 FROM pg_type WHERE oid = d.objid))
      AND coalesce(obj_description(d.objid, (SELECT relname::text FROM pg_class WHERE oid = d.classid)), '') = ''
    ORDER BY 1}),
    '', 'every object has a comment');

$node->stop;
done_testing();
