# A dump of a database that uses pgvector restores into vectorx, where the name "vector" is installed for it, and one that is
# made there restores into pgvector.
use strict;
use warnings;

use PgvectorTest;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

skip_without_pgvector();
my $theirs = start_pgvector('theirs', extension => 0);
my $ours = start_vectorx('ours', extension => 0);
plan skip_all => 'the name "vector" is not installed (make install-compat)'
  if $ours->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'}) eq '0';

$theirs->safe_psql('postgres', 'CREATE DATABASE application');
$theirs->safe_psql('application', 'CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions; ALTER DATABASE application SET search_path = public, extensions');
load_packages($theirs, database => 'application', rows => 1000);
load_questions($theirs, database => 'application', rows => 20);
$theirs->safe_psql(
    'application', q{
    CREATE TABLE item (id int PRIMARY KEY, embedding vector(384) NOT NULL,
        half halfvec(384) GENERATED ALWAYS AS (embedding::halfvec(384)) STORED,
        few sparsevec(384), signs bit(384), origin vector(2) DEFAULT '[1,2]', several vector(2)[]);
    INSERT INTO item (id, embedding, few, signs, several)
        SELECT id, embedding, embedding::sparsevec, binary_quantize(embedding)::bit(384), ARRAY['[1,2]', '[3,4]']::vector[] FROM packages;
    CREATE INDEX item_hnsw ON item USING hnsw (embedding vector_cosine_ops) WITH (m = '12', ef_construction = '48');
    CREATE INDEX item_ivfflat ON item USING ivfflat (half halfvec_l2_ops) WITH (lists = '10');
    CREATE INDEX item_signs ON item USING hnsw (signs bit_hamming_ops);
    CREATE DOMAIN direction AS vector(3) CHECK (vector_norm(VALUE) > 0);
    CREATE TABLE way (d direction PRIMARY KEY);
    INSERT INTO way VALUES ('[1,2,3]'), ('[-1,0,1e-30]'), ('[3.4e38,0,1]');
    CREATE VIEW near AS SELECT q.id AS question, n.id, n.distance FROM questions q,
        LATERAL (SELECT i.id, i.embedding <=> q.embedding AS distance FROM item i ORDER BY 2 LIMIT 5) n;
    CREATE FUNCTION nearness(a vector, b vector) RETURNS float8 LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT 1 - (a <=> b); END;
    CREATE MATERIALIZED VIEW middle AS SELECT avg(embedding) AS mean, sum(half) AS total FROM item;});

# What an application asks.
my $answers = q{
    SET search_path = public, extensions; SET enable_indexscan = off;
    SELECT 'rows', count(*), md5(string_agg(item::text, ',' ORDER BY id)) FROM item;
    SELECT 'ways', string_agg(d::text, ' ' ORDER BY d) FROM way;
    SELECT 'middle', mean, total FROM middle;
    SELECT 'near', question, array_agg(distance ORDER BY distance) FROM near GROUP BY 2 ORDER BY 2;
    SELECT 'function', nearness('[1,2]', '[3,-4]');
    SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 2;
    SELECT 'type', format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 0 ORDER BY attnum;};
my $library = q{SELECT DISTINCT probin FROM pg_proc WHERE proname = 'l2_distance'};
my $expected = $theirs->safe_psql('application', $answers);
like($expected, qr/^rows\|1000\|/, 'pgvector answers');
is($theirs->safe_psql('application', $library), '$libdir/vector', 'by its own library');

foreach my $format (qw(plain custom))
{
    my $stderr = restore_into($theirs, 'application', $ours, "from_$format", $format);
    is($stderr, '', "a $format dump restores into vectorx without a word");
    is($ours->safe_psql("from_$format", $library), '$libdir/vectorx', 'which it then uses');
    same($ours->safe_psql("from_$format", $answers), $expected, 'and answers the same');
    is( $ours->safe_psql("from_$format", q{SELECT extname, extversion, extnamespace::regnamespace FROM pg_extension WHERE extname LIKE 'vector%' ORDER BY 1}),
        "vector|0.8.6|extensions\nvectorx|" . control_version() . '|extensions', 'in the schema of the dump');
}
# Without the name: the line of the documentation.
my $renamed = $ours->basedir . '/renamed.sql';
my $documentation = q{sed '/^COMMENT ON EXTENSION vector /d; /^CREATE EXTENSION /s/\<vector\>/vectorx/'};
system_or_bail('sh', '-c', "pg_dump -d \"" . $theirs->connstr('application') . "\" | $documentation >$renamed");
$ours->safe_psql('postgres', 'CREATE DATABASE renamed');
$ours->psql('renamed', slurp_file($renamed), on_error_stop => 1, stderr => \(my $stderr_of_renamed));
is($stderr_of_renamed, '', 'a dump restores with the name changed');
same($ours->safe_psql('renamed', $answers), $expected, 'and answers the same');
is($ours->safe_psql('renamed', q{SELECT extname FROM pg_extension WHERE extname LIKE 'vector%'}), 'vectorx', 'with vectorx alone');

like(
    $ours->safe_psql(
        'from_plain', 'SET search_path = public, extensions; SET enable_seqscan = off; EXPLAIN (COSTS OFF) '
          . 'SELECT id FROM item ORDER BY embedding <=> (SELECT embedding FROM item WHERE id = 5) LIMIT 5'),
    qr/Index Scan using item_hnsw on item/, 'the index is used');
is($ours->safe_psql('from_plain', q{SELECT count(*) FROM pg_class c JOIN pg_am a ON a.oid = relam,
        LATERAL extensions.vectorx_check(c.oid, true) WHERE amname IN ('hnsw', 'ivfflat')}), '0', 'no index has a fault');

# Back: CREATE EXTENSION vectorx is what pgvector's server does not know, and all that fails.
my $dump = $ours->basedir . '/back.sql';
run_command([ 'pg_dump', '-d', $ours->connstr('from_custom'), '-f', $dump ]);
$theirs->safe_psql('postgres', 'CREATE DATABASE back');
my ($stdout, $stderr) = ('', '');
$theirs->psql('back', slurp_file($dump) =~ s/^.*\bEXTENSION.* vectorx\b.*\n//mgr, on_error_stop => 1, stderr => \$stderr);
is($stderr, '', 'without the line that names vectorx, a dump restores into pgvector');
same($theirs->safe_psql('back', $answers), $expected, 'which answers the same');

# COPY in binary, both ways: the same bytes.
foreach my $direction ([ $theirs, 'application', $ours, 'from_plain' ], [ $ours, 'from_plain', $theirs, 'application' ])
{
    my ($from, $from_database, $to, $to_database) = @$direction;
    my $file = PostgreSQL::Test::Utils::tempdir . '/item.bin';
    my $columns = 'id, embedding, few, signs, origin, several';
    $from->safe_psql($from_database, "SET search_path = public, extensions; COPY (SELECT $columns FROM item ORDER BY id) TO '$file' (FORMAT binary)");
    $to->safe_psql($to_database, "SET search_path = public, extensions; CREATE TABLE copied (LIKE item); COPY copied ($columns) FROM '$file' (FORMAT binary)");
    is($to->safe_psql($to_database, "SET search_path = public, extensions; SELECT count(*) FROM (SELECT $columns FROM copied INTERSECT ALL SELECT $columns FROM item) same"),
        '1000', 'COPY in binary from ' . $from->name . ' to ' . $to->name);
    $to->safe_psql($to_database, 'DROP TABLE copied');
}

$_->stop foreach $theirs, $ours;
done_testing();
