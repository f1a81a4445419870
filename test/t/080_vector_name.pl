# CREATE EXTENSION vector where that name stands for vectorx (make install-compat): what programs say, what clients look
# for, dumps, and that pgvector's own files are never overwritten.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

my $node = start_vectorx('name', extension => 0);
plan skip_all => 'the name "vector" is not installed (make install-compat)'
  if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'}) eq '0';

my $databases = 0;

sub new_database
{
    my ($sql) = @_;
    my $name = 'name' . ++$databases;
    $node->safe_psql('postgres', "CREATE DATABASE $name");
    $node->safe_psql($name, $sql) if defined $sql;
    return $name;
}

my $installed = q{SELECT extname, extversion, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace
    WHERE extname LIKE 'vector%' ORDER BY 1};
my $version = slurp_file("$ENV{TESTDIR}/src/pg/drop_in/vector.control") =~ /^default_version = '([^']+)'/m ? $1 : die;
my $own_version = control_version();

# What a program needs: the types where it asks for them, the version that pgvector has.
my $types = q{SELECT string_agg(typname, ' ' ORDER BY typname) FROM pg_type t
    WHERE typname IN ('vector', 'halfvec', 'sparsevec') AND to_regtype(typname) IS NOT NULL};
my $use = q{
    CREATE TABLE item (id int, v vector(3));
    INSERT INTO item VALUES (1, '[1,2,3]'), (2, '[4,5,6]');
    CREATE INDEX ON item USING hnsw (v vector_l2_ops);
    SET enable_seqscan = off;
    SELECT id FROM item ORDER BY v <-> '[4,5,7]' LIMIT 1;};
my %wanted = (
    'CREATE EXTENSION vector' => 'public',
    'CREATE EXTENSION IF NOT EXISTS vector' => 'public',
    'CREATE EXTENSION vector CASCADE' => 'public',
    'CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA "Far away" CASCADE' => 'Far away',
    'CREATE EXTENSION IF NOT EXISTS "vector" WITH SCHEMA far' => 'far',
    "CREATE EXTENSION vector VERSION '$version'" => 'public');
foreach my $sql (sort keys %wanted)
{
    my $database = new_database('CREATE SCHEMA far; CREATE SCHEMA "Far away"');
    my ($status, $stdout, $stderr) = $node->psql($database, $sql);
    is("$status$stderr", '0', "$sql succeeds, without a word");
    is($node->safe_psql($database, $installed),
        "vector|$version|$wanted{$sql}\nvectorx|$own_version|$wanted{$sql}", 'and gives both extensions');
    is($node->safe_psql($database, qq{SET search_path = "$wanted{$sql}"; $types; $use}),
        "halfvec sparsevec vector\n2", 'and the types in the schema asked for');
}

# Again, and with vectorx there before.
my $database = new_database('CREATE EXTENSION vectorx');
foreach my $time (1, 2)
{
    my ($status, $stdout, $stderr) = $node->psql($database, 'CREATE EXTENSION IF NOT EXISTS vector');
    is($status, 0, "CREATE EXTENSION IF NOT EXISTS, time $time");
    unlike($stderr, qr/WARNING|ERROR/, 'without a warning');
}
is($node->safe_psql($database, $installed), "vector|$version|public\nvectorx|$own_version|public", 'once each');
my ($status, $stdout, $stderr) = $node->psql($database, 'CREATE EXTENSION vector');
like($stderr, qr/ERROR:  extension "vector" already exists/, 'twice without IF NOT EXISTS is an error, as of any extension');
($status, $stdout, $stderr) = $node->psql($database, 'ALTER EXTENSION vector UPDATE');
is($status, 0, 'ALTER EXTENSION vector UPDATE');
like($stderr, qr/version "\Q$version\E" of extension "vector" is already installed/, 'has nothing to do');
$node->safe_psql($database, 'ALTER EXTENSION vectorx UPDATE');

$database = new_database('CREATE SCHEMA far; CREATE EXTENSION vectorx SCHEMA far');
($status, $stdout, $stderr) = $node->psql($database, 'CREATE EXTENSION vector');
is($status, 0, 'with vectorx in another schema');
like($stderr, qr/WARNING:  the types of extension "vector" are in schema "far"/, 'it says where the types are');
like($stderr, qr/HINT:  ALTER EXTENSION vectorx SET SCHEMA moves them\./, 'and what moves them');
$node->safe_psql($database, 'ALTER EXTENSION vectorx SET SCHEMA public');
is($node->safe_psql($database, $use), '2', 'which it does');

# What DROP EXTENSION does: the name goes, what is vectorx's stays.
($status, $stdout, $stderr) = $node->psql($database, 'DROP EXTENSION vectorx');
like($stderr, qr/extension vector depends on extension vectorx/, 'the name requires vectorx');
$node->safe_psql($database, 'DROP EXTENSION vector; CREATE EXTENSION IF NOT EXISTS vector');
is($node->safe_psql($database, 'SELECT count(*) FROM item'), '2', 'DROP EXTENSION vector and back leaves tables alone');
($status, $stdout, $stderr) = $node->psql($database, 'ALTER EXTENSION vector SET SCHEMA far');
like($stderr, qr/extension "vector" does not support SET SCHEMA/, 'the name cannot be moved without what it names');
is($node->safe_psql(new_database('CREATE EXTENSION vector; DROP EXTENSION vectorx CASCADE'), $installed),
    '', 'DROP EXTENSION vectorx CASCADE takes both');

# An owner of a database who is no superuser.
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE ROLE other LOGIN; CREATE DATABASE owned OWNER owner');
my @as_other = (extra_params => [ '-U', 'other' ]);
($status, $stdout, $stderr) = $node->psql('owned', 'CREATE EXTENSION vector', @as_other);
like($stderr, qr/permission denied to create extension "vector"/, 'others may not create it');
$node->safe_psql('owned', 'CREATE EXTENSION vector', extra_params => [ '-U', 'owner' ]);
is( $node->safe_psql('owned', q{SELECT extname, extowner::regrole FROM pg_extension WHERE extname LIKE 'vector%' ORDER BY 1}),
    "vector|owner\nvectorx|owner", 'the owner of a database may, and owns both');
is($node->safe_psql('owned', q{SELECT count(*) FROM pg_proc WHERE proname = 'vectorx_require'}), '0', 'no tool is left behind');

# Where something is in the way, the reason is vectorx's, and nothing is left half done.
$database = new_database('CREATE ACCESS METHOD hnsw TYPE INDEX HANDLER bthandler');
($status, $stdout, $stderr) = $node->psql($database, 'CREATE EXTENSION vector');
like($stderr, qr/ERROR:  extension "vectorx" cannot be installed beside pgvector/, 'an access method of that name');
is($node->safe_psql($database, $installed), '', 'leaves nothing');
is( $node->safe_psql(
        $database, q{
        DO $$ BEGIN CREATE EXTENSION vector; EXCEPTION WHEN duplicate_object THEN RAISE NOTICE 'caught'; END $$;
        DROP ACCESS METHOD hnsw; CREATE EXTENSION vector; CREATE EXTENSION pg_trgm;} . $installed),
    "vector|$version|public\nvectorx|$own_version|public", 'nor in the session');

# A dump names both, vectorx first, and restores where the name is installed; the one of pgvector names no version.
$database = new_database("CREATE EXTENSION vector; $use");
my ($dump) = run_command([ 'pg_dump', '-h', $node->host, '-p', $node->port, '-d', $database ]);
like($dump, qr/CREATE EXTENSION IF NOT EXISTS vectorx WITH SCHEMA public;.*CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;/s,
    'a dump names both');
my $restored = new_database($dump);
is($node->safe_psql($restored, "$installed; SELECT * FROM item ORDER BY id"),
    "vector|$version|public\nvectorx|$own_version|public\n1|[1,2,3]\n2|[4,5,6]", 'and restores');
is($node->safe_psql($restored, q{SELECT indexdef FROM pg_indexes WHERE tablename = 'item'}),
    'CREATE INDEX item_v_idx ON public.item USING hnsw (v vector_l2_ops)', 'with its index');

# The dump of a server with pgvector 0.5 to 0.8, as far as the extension goes.
my $pgvectors = q{
    SET check_function_bodies = false; SELECT pg_catalog.set_config('search_path', '', false);
    CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;
    COMMENT ON EXTENSION vector IS 'vector data type and ivfflat and hnsw access methods';
    CREATE TABLE public.item (id bigint NOT NULL, embedding public.vector(3) DEFAULT '[0,0,0]'::public.vector);
    COPY public.item (id, embedding) FROM stdin;
1	[1,2,3]
\.
    CREATE INDEX item_idx ON public.item USING ivfflat (embedding public.vector_cosine_ops) WITH (lists='1');};
is($node->safe_psql(new_database($pgvectors), 'SELECT embedding FROM item'), '[1,2,3]', "a dump of pgvector's restores");

# The name is not taken for pgvector.
my ($libraries, $share) = map { (run_command([ 'pg_config', $_ ]))[0] } '--pkglibdir', '--sharedir';
my @move = ('psql', '-X', '-d', $node->connstr($restored), '-f', "$share/extension/vectorx_move.sql");
ok(!run_log([ @move, '-v', 'to=pgvector' ], '>', \$stdout, '2>', \$stderr), 'a move to pgvector');
like($stderr, qr/ERROR:  the files of extension "vector" on this server are those of vectorx/, 'is refused');
like($stderr, qr/HINT:  make uninstall-compat, then install pgvector\./, 'with a hint');
is($node->safe_psql($restored, "$installed; SELECT count(*) FROM item"), "vector|$version|public\nvectorx|$own_version|public\n2", 'and changes nothing');
ok(!run_log([ @move, '-v', 'to=vectorx' ], '>', \$stdout, '2>', \$stderr), 'a move to vectorx');
like($stderr, qr/ERROR:  database "$restored" uses vectorx already/, 'is refused too');

# The installation itself, into an empty place.
my $place = PostgreSQL::Test::Utils::tempdir;
my $folder = "$place$share/extension";
my @make = ('make', '-C', $ENV{TESTDIR}, "DESTDIR=$place", 'PG_CONFIG=pg_config');
my $files = sub { return join ' ', sort map { s{.*/}{}r } glob("$folder/*") };

sub make_target
{
    my ($out, $err) = ('', '');
    my $ok = run_log([ @make, @_ ], '>', \$out, '2>', \$err);
    return ($ok, $err);
}
SKIP:
{
    skip 'no make', 10 unless (make_target('--version'))[0];
    my ($ok, $err) = make_target('install-compat');
    ok($ok, 'make install-compat') or diag $err;
    is($files->(), "vector--$version.sql vector.control", 'installs the two files of the name');
    ok((make_target('install-compat'))[0], 'again too');
    ok((make_target('uninstall-compat'))[0], 'make uninstall-compat');
    is($files->(), '', 'removes them');

    # Not over pgvector's.
    append_to_file("$folder/vector.control", "module_pathname = '\$libdir/vector'\n");
    foreach my $target ('install-compat', 'uninstall-compat')
    {
        ($ok, $err) = make_target($target);
        ok(!$ok, "make $target refuses where pgvector's control file is");
        like($err, qr/^pgvector is installed here.*\n  \Q$folder\E\/vector\.control\nRemove pgvector first/m, 'and says so');
    }
    is(slurp_file("$folder/vector.control"), "module_pathname = '\$libdir/vector'\n", 'which is as it was');
    unlink "$folder/vector.control";
    system_or_bail('mkdir', '-p', "$place$libraries");
    append_to_file("$place$libraries/vector.so", '');
    ok(!(make_target('install-compat'))[0], "nor where pgvector's library is");
    is($files->(), '', 'and installs nothing');
}

$node->stop;
done_testing();
