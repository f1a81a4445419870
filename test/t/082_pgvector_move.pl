# A database that uses pgvector becomes one that uses vectorx, in place and in one transaction, and goes back: every query
# answers the same, no table is rewritten, and everything that depends on the extension is as it was. What cannot be moved
# is refused, and then nothing has changed.
use strict;
use warnings;

use HnswTest;
use IPC::Run;
use PgvectorTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use VectorxTest;

skip_without_pgvector();
my $node = start_pgvector('move', conf => "max_prepared_transactions = 2\nautovacuum = off\nmaintenance_work_mem = 256MB\nmax_wal_size = 4GB\nfsync = off\n");
my ($rows) = load_real_vectors($node);
note "$rows rows";
$node->safe_psql('postgres', 'DELETE FROM questions WHERE id >= 100');

# What an application has, and more: every kind of object that can depend on the types, functions and operators.
my $csv = $node->basedir . '/foreign.csv';
my $dim = $node->safe_psql('postgres', 'SELECT vector_dims(embedding) FROM packages LIMIT 1');
$node->safe_psql('postgres', "COPY (SELECT id, embedding FROM packages ORDER BY id LIMIT 200) TO '$csv' (FORMAT csv)");
# From version 17 on, PostgreSQL itself keeps functions of an index from relying on the search path.
my $first_two =
  $node->pg_version >= 17 ? "SELECT public.subvector(v, 1, 2) OPERATOR(public.<->) ''[0,0]''" : "SELECT subvector(v, 1, 2) <-> ''[0,0]''";
my $application = qq{
    CREATE ROLE reader;
    CREATE TABLE item (
        id int PRIMARY KEY,
        embedding vector($dim) NOT NULL CHECK (vector_dims(embedding) = $dim),
        half halfvec($dim) GENERATED ALWAYS AS (embedding::halfvec($dim)) STORED,
        norm float8 GENERATED ALWAYS AS (vector_norm(embedding)) STORED,
        origin vector(3) DEFAULT '[1,2,3]'::vector(3) + '[1,1,1]'::vector(3));
    INSERT INTO item (id, embedding) SELECT id, embedding FROM packages;
    CREATE INDEX item_hnsw ON item USING hnsw (embedding vector_cosine_ops) WITH (m = 12, ef_construction = 48);
    CREATE INDEX item_ivfflat ON item USING ivfflat (half halfvec_l2_ops) WITH (lists = 50);
    CREATE INDEX item_part ON item USING hnsw (embedding vector_l2_ops) WHERE id % 10 = 0;
    CREATE INDEX item_bits ON item USING hnsw ((binary_quantize(embedding)::bit($dim)) bit_hamming_ops);
    CREATE INDEX item_norm ON item (l2_norm(half));
    CREATE INDEX item_norm_column ON item (norm);
    COMMENT ON INDEX item_hnsw IS 'for questions';
    COMMENT ON COLUMN item.embedding IS 'of the description';
    ALTER TABLE item ALTER COLUMN embedding SET STATISTICS 20;
    ALTER TABLE item ALTER COLUMN embedding SET STORAGE EXTERNAL;
    CREATE STATISTICS item_statistics ON (vector_norm(embedding)), id FROM item;
    GRANT SELECT (id, embedding) ON item TO reader;
    GRANT USAGE ON TYPE halfvec TO reader;
    REVOKE EXECUTE ON FUNCTION l1_distance(vector, vector) FROM PUBLIC;
    ALTER FUNCTION l2_distance(vector, vector) COST 17;
    COMMENT ON FUNCTION l2_distance(vector, vector) IS 'the ordinary one';
    CREATE VIEW near AS
        SELECT q.id AS question, n.* FROM questions q,
            LATERAL (SELECT i.id, i.embedding <=> q.embedding AS distance FROM item i ORDER BY i.embedding <=> q.embedding LIMIT 10) n;
    CREATE MATERIALIZED VIEW middle AS SELECT id % 7 AS part, avg(embedding) AS mean, sum(half) AS total FROM item GROUP BY 1;
    CREATE FUNCTION nearest(v vector, k int) RETURNS SETOF int LANGUAGE sql STABLE
        AS 'SELECT id FROM item ORDER BY embedding <-> v, id LIMIT k';
    CREATE FUNCTION nearness(a vector, b vector DEFAULT '[1,0,0]') RETURNS float8 LANGUAGE sql IMMUTABLE
        BEGIN ATOMIC SELECT 1 - (a <=> b); END;
    CREATE INDEX middle_mean ON middle USING hnsw ((mean::vector($dim)) vector_l2_ops);
    CREATE FUNCTION first_two(v vector) RETURNS float8 LANGUAGE sql IMMUTABLE AS '$first_two';
    CREATE INDEX item_first_two ON item (first_two(embedding), l2_norm(half));
    CREATE EXTENSION file_fdw;
    CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    CREATE FOREIGN TABLE far (id int, embedding vector($dim)) SERVER files OPTIONS (filename '$csv', format 'csv');
    CREATE DOMAIN direction AS vector(3) CHECK (abs(vector_norm(VALUE) - 1) < 1e-6);
    CREATE TYPE pair AS (a vector(2), b halfvec(2));
    CREATE TABLE kinds (id int PRIMARY KEY, d direction, p pair, several vector(2)[], s sparsevec(5), b bit(8),
        u vector(2) UNIQUE, r float8 DEFAULT l2_distance('[1,2]'::vector, '[4,6]'));
    INSERT INTO kinds (id, d, p, several, s, b, u)
        SELECT i, l2_normalize(ARRAY[i, 1, 2]::vector), ROW(ARRAY[i, 2]::vector, ARRAY[i, 4]::halfvec)::pair,
            ARRAY[ARRAY[i, 1]::vector, ARRAY[2, i]::vector], ('{1:' || i || ',4:2}/5')::sparsevec, i::bit(8), ARRAY[i % 13, -i]::vector
        FROM generate_series(1, 100) i;
    CREATE INDEX kinds_sparse ON kinds USING hnsw (s sparsevec_l2_ops);
    CREATE TABLE parted (id int, v vector(3)) PARTITION BY RANGE (id);
    CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (50);
    CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (50) TO (100);
    INSERT INTO parted SELECT i, ARRAY[i, i % 5, i % 3]::vector FROM generate_series(0, 99) i;
    CREATE INDEX parted_hnsw ON parted USING hnsw (v vector_l1_ops);
    CREATE UNLOGGED TABLE passing (v vector(2));
    INSERT INTO passing VALUES ('[3,4]');
    CREATE INDEX ON passing USING hnsw (v vector_ip_ops);
    ALTER TABLE kinds ENABLE ROW LEVEL SECURITY;
    CREATE POLICY close ON kinds USING (u <-> '[0,0]' < 1000);
    CREATE AGGREGATE total (vector) (SFUNC = vector_add, STYPE = vector);
    CREATE CAST (pair AS text) WITH INOUT;
    ANALYZE;};
$node->safe_psql('postgres', $application);

# What every query answers.
my $answers = qq{
    SELECT 'view', question, array_agg(distance ORDER BY distance) FROM near GROUP BY 2 ORDER BY 2;
    SELECT 'function', q.id, n FROM questions q, LATERAL (SELECT array_agg(n ORDER BY n) FROM nearest(q.embedding, 1) n) n (n) WHERE q.id < 50 ORDER BY 2;
    SELECT 'atomic function', nearness('[1,2,3]');
    SELECT 'generated', count(*), round(sum(norm)::numeric, 2), md5(string_agg(md5(halfvec_send(half)), '' ORDER BY id)) FROM item;
    SELECT 'data', md5(string_agg(md5(vector_send(embedding)), '' ORDER BY id)), min(origin::text) FROM item;
    SELECT 'foreign', count(*), md5(string_agg(embedding::text, ',' ORDER BY id)) FROM far;
    SELECT 'foreign nearest', f.id FROM far f ORDER BY f.embedding <-> (SELECT embedding FROM questions WHERE id = 0), 1 LIMIT 1;
    SELECT 'kinds', id, d, p, several, s, b, u, r, p::text FROM kinds ORDER BY u;
    SELECT 'materialized', part, md5(mean::text), md5(total::text) FROM middle ORDER BY part;
    SELECT 'aggregate', total(u), avg(u) FROM kinds;
    SELECT 'sparse', id, s <-> '{1:7}/5' FROM kinds ORDER BY s <-> '{1:7}/5' LIMIT 5;
    SELECT 'parted', id FROM parted ORDER BY v <+> '[20,1,1]', id LIMIT 5;
    SELECT 'unlogged', v <#> '[1,1]' FROM passing;
    SELECT 'statistics', null_frac, n_distinct, avg_width FROM pg_stats WHERE tablename = 'item' ORDER BY attname;
    SET enable_seqscan = off; SET enable_sort = off;
    SET ivfflat.probes = 50;
    SELECT 'by ivfflat', q.id, n.found FROM questions q, LATERAL (SELECT array_agg(distance ORDER BY distance) FROM
        (SELECT half <-> q.embedding::halfvec($dim) AS distance FROM item ORDER BY half <-> q.embedding::halfvec($dim) LIMIT 10) n) n (found)
        WHERE q.id < 50 ORDER BY 2;
    SELECT 'by btree', count(*) FROM item WHERE l2_norm(half) BETWEEN 0.5 AND 1.5;
    SELECT 'by unique', id FROM kinds WHERE u = '[3,-3]';};
# view: exact, as hnsw is not meant to be.
$answers = "SET enable_indexscan = off; $answers";
$answers =~ s/(SET enable_seqscan = off)/RESET enable_indexscan; $1/;

# Oids of everything, with the files of all tables and of the indexes that need no rebuild.
my $objects = q{
    SELECT 'class', c.oid, relname, relkind, relowner, relacl, reloptions, reltablespace,
        CASE WHEN i.indexrelid IS NULL OR (am.amname = 'btree' AND i.indexprs IS NULL) THEN ROW(pg_relation_filepath(c.oid), relpages, reltuples) END
      FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_am am ON am.oid = c.relam
     WHERE c.oid >= 16384 AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg_temp%' OR nspname LIKE 'pg_toast_temp%') ORDER BY 2;
    SELECT 'column', attrelid, attnum, attname, atttypid, atttypmod, attstattarget, attstorage, attacl FROM pg_attribute WHERE attrelid >= 16384
       AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY 2, 3;
    SELECT 'type', oid, typname, typacl, typowner FROM pg_type WHERE oid >= 16384 AND typnamespace = 'public'::regnamespace ORDER BY 2;
    SELECT 'index', i.* FROM pg_index i WHERE indexrelid >= 16384 ORDER BY indexrelid;
    SELECT 'operator', o.* FROM pg_operator o WHERE oid >= 16384 ORDER BY oid;
    SELECT 'operator class', o.* FROM pg_opclass o WHERE oid >= 16384 ORDER BY oid;
    SELECT 'cast', c.* FROM pg_cast c WHERE oid >= 16384 ORDER BY oid;
    SELECT 'description', d.* FROM pg_description d WHERE objoid >= 16384 AND classoid <> 'pg_extension'::regclass
       AND NOT (classoid = 'pg_proc'::regclass AND obj_description(objoid, 'pg_proc') <> 'the ordinary one') ORDER BY 2, 3, 4;
    SELECT 'function', oid, oid::regprocedure, proowner, proacl, procost FROM pg_proc
     WHERE oid >= 16384 AND pronamespace = 'public'::regnamespace AND NOT EXISTS (
           SELECT FROM unnest(proargtypes) t WHERE t = 'internal'::regtype) AND proname NOT LIKE 'vectorx%' ORDER BY 2;
    SELECT 'constraint', oid, pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384 ORDER BY 2;
    SELECT 'default', oid, pg_get_expr(adbin, adrelid) FROM pg_attrdef ORDER BY 2;
    SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 2;};

# Which library functions are in, and the settings that the session has met.
my $library = q{SELECT string_agg(DISTINCT probin, ' ') FROM pg_proc WHERE probin ~ 'vector'};
my $installed = q{SELECT extname, extversion FROM pg_extension WHERE extname LIKE 'vector%' ORDER BY 1};
my $vectorx_version = control_version();

sub state_of
{
    my ($database) = @_;
    return {
        answers => $node->safe_psql($database, $answers),
        objects => $node->safe_psql($database, $objects),
        dump => schema_dump($node, $database)
    };
}

sub same_state
{
    my ($before, $name) = @_;
    my $after = state_of('postgres');
    same($after->{$_}, $before->{$_}, "$name: the same $_") foreach sort keys %$before;
}

# How the extension's objects hang together, by name.
my $dependencies = q{
    SELECT pg_describe_object(classid, objid, objsubid), pg_describe_object(refclassid, refobjid, refobjsubid), deptype FROM pg_depend
    WHERE (classid IN ('pg_amproc'::regclass, 'pg_amop'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_am'::regclass)
           OR refclassid = 'pg_extension'::regclass) AND objid >= 16384 AND pg_describe_object(classid, objid, objsubid) !~ 'file_fdw'
    ORDER BY 1, 2, 3;
    SELECT p.oid::regprocedure::text, prosrc, probin, provolatile, proparallel, proisstrict FROM pg_proc p WHERE probin ~ 'vector' ORDER BY 1;
    SELECT amname, opfname, amproclefttype::regtype, amprocrighttype::regtype, amprocnum, amproc::regprocedure FROM pg_amproc
      JOIN pg_opfamily f ON f.oid = amprocfamily JOIN pg_am a ON a.oid = opfmethod WHERE amprocfamily >= 16384 ORDER BY 1, 2, 3, 4, 5;};

$node->safe_psql('postgres', 'CREATE DATABASE only_vectorx');
$node->safe_psql('only_vectorx', 'CREATE EXTENSION vectorx');
$node->safe_psql('postgres', 'CREATE DATABASE only_pgvector');
$node->safe_psql('only_pgvector', 'CREATE EXTENSION vector; ALTER FUNCTION l2_distance(vector, vector) COST 17');

# ---------------------------------------------------------------- there and back

sub hnsw_recall { return recall($node, table => 'item', index => 'item_hnsw', ef_search => 200) }

my $before = state_of('postgres');
my $recall_before = hnsw_recall();
cmp_ok($recall_before, '>=', 0.95, 'pgvector answers');
is($node->safe_psql('postgres', $library), '$libdir/vector', 'by its own library');

my ($ok, $stdout, $stderr) = move_database($node, 'postgres', 'vectorx', '-v', 'check=yes');
ok($ok, 'a check of the move') or diag $stderr;
like($stdout, qr/would move database postgres to vectorx: nothing has changed/, 'says what it would do');
same($node->safe_psql('postgres', $objects), $before->{objects}, 'after the check: the same objects');
is($node->safe_psql('postgres', $library), '$libdir/vector', 'pgvector is still there');

my $started = time;
($ok, $stdout, $stderr) = move_database($node, 'postgres', 'vectorx');
my $seconds_there = time - $started;
ok($ok, 'the move to vectorx') or BAIL_OUT($stderr);
like($stdout, qr/^moved database postgres to vectorx$/m, 'says so');
like($stderr, qr/NOTICE:  rebuilt index public\.item_hnsw in/, 'and which indexes it has rebuilt');
unlike($stderr, qr/WARNING/, 'without a warning');
is($node->safe_psql('postgres', $library), '$libdir/vectorx', 'all functions are those of vectorx');
is($node->safe_psql('postgres', $installed), "vector|0.8.6\nvectorx|$vectorx_version", 'both names are there');
same_state($before, 'moved');
my $recall_there = hnsw_recall();
cmp_ok($recall_there, '>=', $recall_before - 0.01, 'the hnsw index answers as well');
is( $node->safe_psql(
        'postgres', q{SELECT count(*), count(fault) FROM pg_class c JOIN pg_am a ON a.oid = c.relam LEFT JOIN LATERAL vectorx_check(c.oid, true) ON true
            WHERE amname IN ('hnsw', 'ivfflat') AND relkind = 'i'}),
    '9|0', 'no index has a fault');
my $shape = $node->safe_psql('only_vectorx', $dependencies);
my $moved = $node->safe_psql('postgres', $dependencies);
$moved =~ s/^.*(near|total|item|parted|passing|kinds|middle|pair|far|first_two)\b.*\n//mg;
$moved =~ s/^extension vector\|extension vectorx\|n\n//m;
same($moved, $shape, 'the extension is made as CREATE EXTENSION makes it');
is($node->safe_psql('postgres', 'CREATE EXTENSION IF NOT EXISTS vector; ALTER EXTENSION vectorx UPDATE; ' . $installed),
    "vector|0.8.6\nvectorx|$vectorx_version", 'what programs say at their start passes');
($ok, $stdout, $stderr) = $node->psql('postgres', 'DROP EXTENSION vectorx');
like($stderr, qr/column embedding of table item depends on type vector/, 'and the extension cannot be dropped by accident');

# As the database goes on.
my $alive = q{
    INSERT INTO item (id, embedding) SELECT id + 1000000, embedding FROM packages WHERE id % 100 = 3;
    DELETE FROM item WHERE id > 1000000;
    CREATE INDEX later ON item USING hnsw (half halfvec_ip_ops);
    SET enable_seqscan = off; EXPLAIN (COSTS OFF) SELECT id FROM item ORDER BY half <#> (SELECT half FROM item WHERE id = 3) LIMIT 1;
    DROP INDEX later;
    VACUUM item;};
like($node->safe_psql('postgres', $alive), qr/Index Scan using later on item/, 'new rows and indexes');

($ok, $stdout, $stderr) = move_database($node, 'postgres', 'vectorx');
like($stderr, qr/ERROR:  database "postgres" uses vectorx already/, 'it is not moved twice');
$before = state_of('postgres');
$started = time;
($ok, $stdout, $stderr) = move_database($node, 'postgres', 'pgvector');
my $seconds_back = time - $started;
ok($ok, 'the move back') or BAIL_OUT($stderr);
like($stdout, qr/^moved database postgres to pgvector$/m, 'says so');
is($node->safe_psql('postgres', $library), '$libdir/vector', 'all functions are those of pgvector');
is($node->safe_psql('postgres', $installed), 'vector|0.8.6', 'as is the extension');
same_state($before, 'back');
my $recall_back = hnsw_recall();
cmp_ok($recall_back, '>=', 0.95, 'the hnsw index answers');
$shape = $node->safe_psql('only_pgvector', $dependencies);
$moved = $node->safe_psql('postgres', $dependencies);
$moved =~ s/^.*(near|total|item|parted|passing|kinds|middle|pair|far|first_two)\b.*\n//mg;
same($moved, $shape, 'the extension is made as pgvector makes it');
like($node->safe_psql('postgres', $alive), qr/Index Scan using later on item/, 'new rows and indexes');
note sprintf('%d rows: to vectorx in %.1f s, back in %.1f s; recall@10 at ef_search 200: %.4f, %.4f, %.4f',
    $rows, $seconds_there, $seconds_back, $recall_before, $recall_there, $recall_back);

# ---------------------------------------------------------------- what is refused

# Small databases from here.
my $databases = 0;

sub new_database
{
    my ($extension, $sql) = @_;
    my $name = 'refused' . ++$databases;
    $node->safe_psql('postgres', "CREATE DATABASE $name");
    $node->safe_psql(
        $name, qq{CREATE EXTENSION $extension;
        CREATE TABLE item (id int, v vector(3)); INSERT INTO item SELECT i, ARRAY[i, 1, 2]::vector FROM generate_series(1, 10) i;
        CREATE INDEX item_hnsw ON item USING hnsw (v vector_l2_ops);} . ($sql // ''));
    return $name;
}

sub refused
{
    my ($name, $database, $to, $message, $rest, @options) = @_;
    my $all = "$dependencies; $installed; SELECT v, pg_relation_filepath('item_hnsw') FROM item";
    my $there = $node->safe_psql($database, $all);
    move_fails($node, $database, $to, $name, $message, $rest, @options);
    same($node->safe_psql($database, $all), $there, "$name: nothing has changed");
}

my $plain = new_database('vector');
refused('a direction that there is not', $plain, 'vector', 'cannot move to "vector"', qr/HINT:  -v to=vectorx or -v to=pgvector/);
refused('nothing to move', $plain, 'pgvector', 'extension "vectorx" is not in database');
refused('already there', new_database('vectorx'), 'vectorx', 'extension "vector" is not in database');

$node->safe_psql('postgres', 'CREATE ROLE somebody LOGIN');
{
    local $ENV{PGUSER} = 'somebody';
    move_fails($node, $plain, 'vectorx', 'not a superuser', 'must be superuser to move a database to vectorx');
}

my $ended = '';
my $other = IPC::Run::start([ 'psql', '-X', '-d', $node->connstr($plain) . " application_name='the other one'", '-c', 'SELECT pg_sleep(300)' ],
    '>', '/dev/null', '2>', \$ended);
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = '$plain' AND application_name = 'the other one'");
move_fails($node, $plain, 'vectorx', 'another session', qr/database "$plain" is being accessed by other users/,
    qr/DETAIL:  client backend, process \d+, user .*, the other one/);
($ok, $stdout, $stderr) = move_database($node, $plain, 'vectorx', '-v', 'terminate=yes', '-v', 'check=yes');
ok($ok, 'unless it may be ended') or diag $stderr;
$other->finish;
like($ended, qr/terminating connection/, 'which then ends');

$node->safe_psql($plain, q{BEGIN; INSERT INTO item VALUES (11, '[1,1,1]'); PREPARE TRANSACTION 'half done'});
move_fails($node, $plain, 'vectorx', 'a prepared transaction', qr/database "$plain" is being accessed/, qr/prepared transaction 'half done'/);
$node->safe_psql($plain, q{ROLLBACK PREPARED 'half done'});

$node->safe_psql($plain, q{UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'});
refused('an older version', $plain, 'vectorx', 'cannot move from version 0\.7\.4 of pgvector', qr/HINT:  .*ALTER EXTENSION vector UPDATE/);
$node->safe_psql($plain, q{UPDATE pg_extension SET extversion = '0.8.0' WHERE extname = 'vector'});
($ok, $stdout, $stderr) = move_database($node, $plain, 'vectorx', '-v', 'check=yes');
ok($ok, 'an older one with the same objects is not') or diag $stderr;

$node->safe_psql($plain, q{ALTER DATABASE } . $plain . q{ SET session_preload_libraries = 'vector'});
refused('a library that is always loaded', $plain, 'vectorx', 'this session has loaded the library', qr/session_preload_libraries/);
$node->safe_psql($plain, "ALTER DATABASE $plain RESET ALL");

my %change = (
    'a user function in the library' => [
        q{CREATE FUNCTION mine(vector, vector) RETURNS float8 AS '$libdir/vector', 'l2_distance' LANGUAGE C},
        'other functions call the library of extension "vector"', qr/DETAIL:  public\.mine\(public\.vector,public\.vector\)/
    ],
    'another extension that requires it' => [
        q{CREATE EXTENSION file_fdw; INSERT INTO pg_depend SELECT 'pg_extension'::regclass, f.oid, 0, 'pg_extension'::regclass, v.oid, 0, 'n'
          FROM pg_extension f, pg_extension v WHERE f.extname = 'file_fdw' AND v.extname = 'vector'},
        'other extensions depend on extension "vector"', qr/DETAIL:  extension file_fdw\./
    ],
    'an object that pgvector does not have' => [
        'CREATE VIEW odd AS SELECT 1; ALTER EXTENSION vector ADD VIEW odd',
        'extension "vector" in this database is not what vectorx can stand for',
        qr/object of another kind .*odd.*: vectorx does not have it/
    ],
    'an operator that is gone' => [
        'ALTER EXTENSION vector DROP OPERATOR <+> (vector, vector)',
        'extension "vector" in this database is not', qr/operator public\.<\+>\(.*\): not in this database/
    ],
    'an operator that is another' => [
        'ALTER OPERATOR < (vector, vector) SET (RESTRICT = eqsel)',
        'extension "vector" in this database is not', qr/operator public\.<\(.*\): here .*restrict=eqsel.*, in vectorx /
    ],
    'an operator class of a user' => [
        'CREATE OPERATOR CLASS my_ops FOR TYPE halfvec USING hnsw AS OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops, '
          . 'FUNCTION 1 halfvec_l2_squared_distance(halfvec, halfvec), FUNCTION 3 hnsw_halfvec_support(internal)',
        'other objects are made for the access methods of extension "vector"', qr/DETAIL:  operator class public\.my_ops for access method hnsw/
    ],
    'an access method of a user' => [
        'CREATE ACCESS METHOD mine TYPE INDEX HANDLER hnswhandler',
        'other objects are made for the access methods of extension "vector"', qr/DETAIL:  access method mine/
    ],
    'an operator in a family' => [
        'CREATE FUNCTION d(vector, halfvec) RETURNS float8 LANGUAGE sql AS $$SELECT 1.0::float8$$; '
          . 'CREATE OPERATOR <-> (FUNCTION = d, LEFTARG = vector, RIGHTARG = halfvec); ALTER OPERATOR FAMILY vector_l2_ops USING hnsw '
          . 'ADD OPERATOR 1 <-> (vector, halfvec) FOR ORDER BY float_ops',
        'extension "vector" in this database is not', qr/operator of a family .*: vectorx does not have it/
    ]);
foreach my $name (sort keys %change)
{
    my ($sql, $message, $rest) = @{ $change{$name} };
    refused($name, new_database('vector', $sql), 'vectorx', $message, $rest);
}

# Back.
my $options = new_database('vectorx', 'CREATE INDEX item_codes ON item USING ivfflat (v vector_l2_ops) WITH (lists = 1, storage = plain)');
refused('storage parameters that pgvector lacks', $options, 'pgvector', 'pgvector does not know storage parameters',
    qr/DETAIL:  public\.item_codes \(storage=plain\)\nHINT:  ALTER INDEX \.\.\. RESET/);
$node->safe_psql($options, 'ALTER INDEX item_codes RESET (storage)');
($ok, $stdout, $stderr) = move_database($node, $options, 'pgvector');
ok($ok, 'without them it goes') or diag $stderr;
is($node->safe_psql($options, "$installed; SELECT id FROM item ORDER BY v <-> '[7,1,2]' LIMIT 1"),
    "vector|0.8.6\n7", 'also from a database that has had vectorx from the start');
refused('a use of what pgvector lacks',
    new_database('vectorx', q{CREATE VIEW routed AS SELECT vectorx_nearest_centroid(v, ARRAY['[1,1,1]'::vector]) FROM item}),
    'pgvector', 'cannot drop function public\.vectorx_nearest_centroid', qr/view public\.routed depends on function/);
refused('an index that pgvector cannot have',
    new_database('vectorx', q{CREATE TABLE wide (v vector(2500)); CREATE INDEX ON wide USING hnsw (v vector_l2_ops)}),
    'pgvector', 'column cannot have more than 2000 dimensions for hnsw index');

# Who connects while a database is moved, waits, and then meets vectorx alone.
my $slow = new_database(
    'vector', q{CREATE FUNCTION slow(v vector) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN 1; END $$;
    CREATE INDEX item_slow ON item ((slow(v) + l2_distance(v, '[0,0,0]')));});
my ($move_stdout, $move_stderr) = ('', '');
my $move = start_move($node, $slow, 'vectorx', \$move_stdout, \$move_stderr);
$node->poll_query_until('postgres',
    "SELECT count(*) = 1 FROM pg_locks WHERE relation = 'pg_proc'::regclass AND mode = 'AccessExclusiveLock' AND granted "
      . "AND database = (SELECT oid FROM pg_database WHERE datname = '$slow')");
like($node->safe_psql($slow, q{SELECT '[1,2,3]'::vector <-> '[1,2,5]'; SELECT id FROM item ORDER BY v <-> '[7,1,2]' LIMIT 1; SHOW vectorx.simd;}),
    qr/^2\n7\n\w+$/, 'who connects meanwhile is answered by vectorx');
ok($move->finish, 'and the move has been done') or diag $move_stderr;

# One session cannot have both libraries.
($ok, $stdout, $stderr) = $node->psql('postgres', "LOAD 'vector'; LOAD 'vectorx'");
like($stderr, qr/ERROR:  cannot load vectorx in a session that has loaded pgvector\nHINT:  Reconnect\./, 'an old session says what to do');
is($node->safe_psql('only_vectorx', "SET hnsw.ef_search = 77; LOAD 'vectorx'; SHOW hnsw.ef_search"), '77',
    'which a setting that came before the library is not taken for');

# Other schemas and names that need quotes.
$node->safe_psql('postgres', 'CREATE DATABASE "Odd name"');
$node->safe_psql(
    'Odd name', q{CREATE SCHEMA "my vectors"; CREATE EXTENSION vector SCHEMA "my vectors"; CREATE SCHEMA app;
    CREATE TABLE app."Item" (v "my vectors".vector(2)); INSERT INTO app."Item" VALUES ('[1,2]');
    CREATE INDEX "An index" ON app."Item" USING hnsw (v "my vectors".vector_l2_ops);});
foreach my $to (qw(vectorx pgvector))
{
    ($ok, $stdout, $stderr) = move_database($node, 'Odd name', $to);
    ok($ok, "a schema of its own, to $to") or diag $stderr;
    is($node->safe_psql('Odd name', 'SELECT v, v OPERATOR("my vectors".<->) $$[4,6]$$ FROM app."Item"'), '[1,2]|5', 'answers');
}

$node->stop;
done_testing();
