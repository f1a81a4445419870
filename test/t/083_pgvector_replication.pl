# Logical replication from a server with pgvector to one with vectorx, and back: rows that are there, and those that come.
use strict;
use warnings;

use PgvectorTest;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

skip_without_pgvector();
my $theirs = start_pgvector('theirs', init => [ allows_streaming => 'logical' ]);
my $ours = start_vectorx('ours', init => [ allows_streaming => 'logical' ]);
my %library = ($theirs->name => '$libdir/vector', $ours->name => '$libdir/vectorx');
my $columns = 'id int PRIMARY KEY, embedding vector(384), half halfvec(384), few sparsevec(384), signs bit(384), several vector(2)[]';
my $with = 'id, embedding, embedding::halfvec(384), embedding::sparsevec, binary_quantize(embedding)::bit(384), '
  . "ARRAY[ARRAY[id, 1]::vector, NULL]";
load_packages($theirs, rows => 1000);
load_packages($ours, rows => 1000);

foreach my $direction ([ $theirs, $ours, 'vectorx' ], [ $ours, $theirs, 'pgvector' ])
{
    my ($from, $to, $name) = @$direction;
    foreach my $binary (qw(false true))
    {
        my $table = "item_${name}_$binary";
        is($_->safe_psql('postgres', q{SELECT DISTINCT probin FROM pg_proc WHERE proname = 'l2_distance'}), $library{ $_->name }, $_->name)
          foreach $from, $to;
        $_->safe_psql('postgres', "CREATE TABLE $table ($columns)") foreach $from, $to;
        $from->safe_psql('postgres',
            "INSERT INTO $table SELECT $with FROM packages WHERE id IN (SELECT id FROM packages ORDER BY id LIMIT 500); CREATE PUBLICATION $table FOR TABLE $table;");
        # The subscriber's index takes rows as they come.
        $to->safe_psql('postgres', "CREATE INDEX ${table}_hnsw ON $table USING hnsw (embedding vector_cosine_ops)");
        my $connection = $from->connstr('postgres');
        $connection =~ s/'/''/g;
        $to->safe_psql('postgres', "CREATE SUBSCRIPTION $table CONNECTION '$connection application_name=$table' PUBLICATION $table WITH (binary = $binary)");
        $to->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_subscription_rel WHERE srrelid = '$table'::regclass AND srsubstate IN ('r', 's')")
          or die 'no initial copy';
        my $rows = "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM $table t";
        my $same = sub {
            my ($what, $count) = @_;
            $from->wait_for_catchup($table);
            my $expected = $from->safe_psql('postgres', $rows);
            like($expected, qr/^$count\|/, "to $name, binary = $binary, $what: $count rows");
            is($to->safe_psql('postgres', $rows), $expected, 'the same on the other side');
        };
        $same->('the initial copy', 500);
        $from->safe_psql('postgres', "INSERT INTO $table SELECT $with FROM packages p WHERE NOT EXISTS (SELECT FROM $table t WHERE t.id = p.id)");
        $same->('inserts', 1000);
        $from->safe_psql(
            'postgres', qq{UPDATE $table SET embedding = (embedding + embedding)::vector(384), half = NULL WHERE id % 3 = 0;
            DELETE FROM $table WHERE id % 5 = 0;});
        $same->('updates and deletes', $from->safe_psql('postgres', "SELECT count(*) FROM $table"));
        my $nearest = "SELECT id FROM $table ORDER BY embedding <=> (SELECT embedding FROM packages ORDER BY id OFFSET 6 LIMIT 1) LIMIT 1";
        like($to->safe_psql('postgres', "SET enable_seqscan = off; SET enable_sort = off; EXPLAIN (COSTS OFF) $nearest"),
            qr/Index Scan using ${table}_hnsw/, 'the index there');
        is($to->safe_psql('postgres', "SET enable_seqscan = off; SET enable_sort = off; $nearest"),
            $from->safe_psql('postgres', $nearest), 'has them');
        is($to->safe_psql('postgres', "SELECT count(*) FROM vectorx_check('${table}_hnsw', true)"), '0', 'and no fault') if $name eq 'vectorx';
        $to->safe_psql('postgres', "DROP SUBSCRIPTION $table");
    }
}

$_->stop foreach $theirs, $ours;
done_testing();
