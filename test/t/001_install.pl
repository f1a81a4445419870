# CREATE EXTENSION and DROP EXTENSION: who may, what they leave behind, and what stands in their way.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

my $node = start_vectorx('install', extension => 0);

# Every object that a database can hold, by catalog and oid, and the dependencies between them.
my $objects = join ' UNION ALL ', map { "SELECT '$_', oid::text FROM $_" }
  qw(pg_am pg_amop pg_amproc pg_cast pg_class pg_collation pg_conversion pg_event_trigger pg_extension pg_namespace
  pg_opclass pg_operator pg_opfamily pg_proc pg_transform pg_type);
$objects .= " UNION ALL SELECT 'pg_depend', d::text FROM pg_depend d";
$objects .= " UNION ALL SELECT 'pg_description', d::text FROM pg_description d";
$objects .= ' ORDER BY 1, 2';

# A database of its own for each, made by an owner who is no superuser: the extension is trusted.
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN CREATEDB');
$node->safe_psql('postgres', 'CREATE DATABASE owned OWNER owner');
my @as_owner = (extra_params => [ '-U', 'owner' ]);

my $before = $node->safe_psql('owned', $objects);
my ($status, $stdout, $stderr) = $node->psql('owned', 'CREATE EXTENSION vectorx', @as_owner);
is($status, 0, 'the owner of a database who is no superuser can create the extension') or diag $stderr;
is($node->safe_psql('owned', q{SELECT extowner::regrole FROM pg_extension WHERE extname = 'vectorx'}),
    'owner', 'and owns it');

is($node->safe_psql('owned', q{SELECT extversion FROM pg_extension WHERE extname = 'vectorx'}),
    control_version(), "its version is the control file's");

# Two sessions of that owner, as an application would use it.
($status, $stdout, $stderr) = $node->psql(
    'owned', q{
    CREATE TABLE item (id int, v vector(3));
    INSERT INTO item VALUES (1, '[1,2,3]'), (2, '[4,5,6]');
    CREATE INDEX ON item USING hnsw (v vector_l2_ops);
    SHOW vectorx.simd;}, @as_owner);
is($status, 0, 'the owner can use the types and the access method') or diag $stderr;
like($stdout, qr/^\w+$/, 'vectorx.simd names an instruction set');
is( $node->safe_psql('owned', q{
        SET enable_seqscan = off;
        SELECT id FROM item ORDER BY v <-> '[4,5,7]' LIMIT 1;}, @as_owner),
    '2', 'and find the nearest row in a new session');

# DROP EXTENSION is not to take a table away silently.
($status, $stdout, $stderr) = $node->psql('owned', 'DROP EXTENSION vectorx', @as_owner);
isnt($status, 0, 'DROP EXTENSION refuses while a table has a vector column');
like($stderr, qr/other objects depend on it/, 'and says why');
$node->safe_psql('owned', 'DROP TABLE item; DROP EXTENSION vectorx', @as_owner);
my $after = $node->safe_psql('owned', $objects);
is($after, $before, 'DROP EXTENSION leaves nothing behind');
$node->safe_psql('owned', 'CREATE EXTENSION vectorx; DROP EXTENSION vectorx', @as_owner);
is($node->safe_psql('owned', $objects), $before, 'nor when created a second time');

# In a schema that is on nobody's search path.
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
is( $node->safe_psql(
        'elsewhere', q{
        CREATE SCHEMA far;
        CREATE EXTENSION vectorx SCHEMA far;
        CREATE TABLE item (id int, v far.vector(2));
        INSERT INTO item VALUES (1, '[1,2]'), (2, '[3,4]');
        CREATE INDEX ON item USING hnsw (v far.vector_l2_ops);
        SET enable_seqscan = off;
        SELECT id FROM item ORDER BY v OPERATOR(far.<->) '[3,5]' LIMIT 1;}),
    '2', 'the extension works from any schema');
$node->safe_psql('elsewhere', 'ALTER EXTENSION vectorx SET SCHEMA public');
is($node->safe_psql('elsewhere', q{SELECT id FROM item ORDER BY v <-> '[3,5]' LIMIT 1}),
    '2', 'and can be moved to another');

# pgvector's access methods have the same names.
foreach my $name (qw(hnsw ivfflat))
{
    $node->safe_psql('postgres', "CREATE DATABASE has_$name");
    $node->safe_psql("has_$name", "CREATE ACCESS METHOD $name TYPE INDEX HANDLER bthandler");
    my $there = $node->safe_psql("has_$name", $objects);
    ($status, $stdout, $stderr) = $node->psql("has_$name", 'CREATE EXTENSION vectorx');
    isnt($status, 0, "CREATE EXTENSION fails where an access method $name exists");
    like($stderr, qr/ERROR:  extension "vectorx" cannot be installed beside pgvector/, 'says what is wrong');
    like($stderr, qr/DETAIL:  Both define the access methods "hnsw" and "ivfflat"; /, 'why');
    like($stderr, qr/HINT:  Create vectorx in a database of its own, or DROP EXTENSION vector first\./, 'and what to do');
    is($node->safe_psql("has_$name", $objects), $there, 'and leaves nothing behind');
}

$node->stop;
done_testing();
