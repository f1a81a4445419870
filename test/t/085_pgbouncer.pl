# Clients behind PgBouncer in transaction mode, many of them on few server connections: settings of one transaction stay
# in it, statements are prepared, errors leave nothing behind.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
use VectorxTest;

my ($bouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'no pgbouncer' unless $bouncer;
my ($major, $minor) = `$bouncer --version` =~ /^PgBouncer (\d+)\.(\d+)/;
my $follows_statements = $major > 1 || $minor >= 21;
note "PgBouncer $major.$minor";

my $connections = 3;
my $node = start_vectorx('pgbouncer');
my $user = $node->safe_psql('postgres', 'SELECT current_user');
# Few dimensions: the index keeps the vectors, and without iterative scans returns just ef_search of them.
$node->safe_psql(
    'postgres', q{
    SELECT setseed(0.5);
    CREATE TABLE point AS SELECT id, ARRAY(SELECT random() + 0 * id FROM generate_series(1, 16))::vector(16) AS v
        FROM generate_series(1, 3000) id;
    CREATE INDEX point_v ON point USING hnsw (v vector_l2_ops);
    ANALYZE point;
});

my $folder = $node->basedir;
my $port = PostgreSQL::Test::Cluster::get_free_port();
append_to_file("$folder/users.txt", qq{"$user" ""\n});
append_to_file("$folder/pgbouncer.ini", <<"INI");
[databases]
postgres = host=${\$node->host} port=${\$node->port}

[pgbouncer]
listen_addr =
unix_socket_dir = ${\$node->host}
listen_port = $port
auth_type = trust
auth_file = $folder/users.txt
pool_mode = transaction
default_pool_size = $connections
max_client_conn = 200
logfile = $folder/pgbouncer.log
pidfile = $folder/pgbouncer.pid
INI
append_to_file("$folder/pgbouncer.ini", "max_prepared_statements = 100\n") if $follows_statements;

my $output = '';
my $pooler = IPC::Run::start([ $bouncer, "$folder/pgbouncer.ini" ], '>' => \$output, '2>&1');
END { $pooler->kill_kill if $pooler }
foreach (1 .. 100)
{
    last if -S $node->host . "/.s.PGSQL.$port";
    sleep 0.1;
}

# SQL through the pooler, each statement on whichever connection is free; dies if it fails.
sub pooled
{
    my (@statements) = @_;
    my ($stdout, $stderr) = ('', '');
    IPC::Run::run(
        [
            $node->installed_command('psql'), '-X', '-At', '-v', 'ON_ERROR_STOP=1', '-h', $node->host, '-p', $port, '-U', $user,
            '-d', 'postgres', map { ('-c', $_) } @statements
        ],
        '<' => \undef,
        '>' => \$stdout,
        '2>' => \$stderr) or die "@statements: $stderr\n" . slurp_file("$folder/pgbouncer.log");
    chomp $stdout;
    return $stdout;
}

# pgbench's clients through the pooler. Each is a thread: pgbench waits for a PREPARE, and what waits for a connection
# must not keep back those that have one.
sub bench
{
    my ($mode, @scripts) = @_;
    my $number = 0;
    my @files = map {
        my $file = "$folder/$mode-" . ++$number . '.sql';
        append_to_file($file, $_);
        "--file=$file";
    } @scripts;
    my ($stdout, $stderr) = ('', '');
    my $ok = IPC::Run::run(
        [ $node->installed_command('pgbench'), '--no-vacuum', '--client=24', '--jobs=24', "--protocol=$mode", '--transactions=60',
            '-h', $node->host, '-p', $port, '-U', $user, @files, 'postgres' ],
        '>' => \$stdout,
        '2>' => \$stderr,
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    diag $stderr unless $ok;
    return $ok && $stdout =~ m{actually processed: 1440/1440};
}

# The nearest to a point: more than any ef_search of this test lets through. Division by zero if there are not as many as
# wanted.
my $ask = 'SELECT v FROM point ORDER BY v <-> (SELECT v FROM point WHERE id = 1 + :client_id) LIMIT 1000';
sub expect { return "SELECT 1 / (count(*) = $_[0])::int FROM ($ask) found;\n" }

# The first query of a connection meets a setting of a library that is not loaded yet.
sub transaction_with
{
    my ($ef_search) = @_;
    return "BEGIN;\nSET LOCAL hnsw.ef_search = $ef_search;\n" . expect($ef_search) . "COMMIT;\n";
}
my @scripts = ((map { transaction_with($_) } 25, 77, 200), expect(40));

is(pooled('SELECT v <-> v FROM point LIMIT 1'), '0', 'the pooler answers');
ok(bench('simple', @scripts), '24 clients: SET LOCAL hnsw.ef_search holds in its transaction, and there alone');
ok(bench('extended', @scripts), 'the same by the extended protocol');

is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
            . 'AND pid <> pg_backend_pid()'),
    $connections, "24 clients shared $connections connections");

my $nearest = 'SELECT string_agg(id::text, \',\') FROM (SELECT id FROM point ORDER BY v <-> (SELECT v FROM point WHERE id = 9) LIMIT 10) n';
is(pooled($nearest), $node->safe_psql('postgres', $nearest), 'the same rows as without the pooler');

# What a transaction prepares, it executes; the connection is another's afterwards.
ok( bench(
        'simple',
        "BEGIN;\nPREPARE near (vector) AS SELECT id FROM point ORDER BY v <-> \$1 LIMIT 1;\n"
          . "SELECT v AS sought FROM point WHERE id = 1 + :client_id \\gset\n"
          . "EXECUTE near (:sought);\nDEALLOCATE near;\nCOMMIT;\n" =~ s/:sought/':sought'/r),
    'statements that SQL prepares in a transaction');

SKIP:
{
    skip 'this PgBouncer does not follow prepared statements', 1 unless $follows_statements;
    ok(bench('prepared', @scripts), 'statements that the protocol prepares, on whichever connection');
}

# An error ends its transaction, and with it what it set.
eval { pooled('BEGIN; SET LOCAL hnsw.ef_search = 99; SELECT v <-> \'[1]\' FROM point; COMMIT') };
like($@, qr/different vector dimensions 16 and 1/, 'an error through the pooler');
eval { pooled('SET hnsw.ef_search = 0') };
like($@, qr/0 is outside the valid range for parameter "hnsw.ef_search" \(1 .. 1000\)/, 'a setting out of range');
ok(bench('simple', expect(40)), 'nothing stays behind');

pooled('BEGIN; INSERT INTO point SELECT 3000 + id, v FROM point; COMMIT', 'CREATE INDEX point_w ON point USING ivfflat (v vector_l2_ops)');
is(pooled('SELECT count(*) FROM point'), 6000, 'writing and building through the pooler');

$pooler->signal('INT');
$pooler->finish;
undef $pooler;
$node->stop;
done_testing();
