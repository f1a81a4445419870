# Binary input of halfvec and sparsevec from clients that lie, as 010_vector_binary.pl does it for vector: every malformed
# message is refused with the right error, and the server stays up. What the core's unit tests show of the format itself is
# not repeated; here it goes through COPY.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use VectorxTest;

my $node = start_vectorx('binary');
$node->safe_psql('postgres', 'CREATE TABLE halves (v halfvec); CREATE TABLE three (v halfvec(3)); CREATE TABLE sparse (v sparsevec); CREATE TABLE nine (v sparsevec(9))');
my $file = PostgreSQL::Test::Utils::tempdir . '/rows';

# A COPY BINARY file of one column with one field.
sub write_field
{
    my ($field) = @_;
    open my $out, '>:raw', $file or die "$file: $!";
    print $out "PGCOPY\n\xff\r\n\0", pack('NN', 0, 0), pack('n N/a*', 1, $field), pack('n', 0xffff);
    close $out or die "$file: $!";
    return;
}

# SQLSTATE and message that reading one field into $table gives; '' if it is accepted.
sub error_of
{
    my ($table, $field) = @_;
    write_field($field);
    my ($rc, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose\nCOPY $table FROM '$file' (FORMAT binary)");
    return '' if $rc == 0 && $stderr eq '';
    return $stderr =~ /ERROR:  (\w{5}: [^\n]*)/ ? $1 : "unexpected: $stderr";
}

sub halves { my ($dim, $unused, @bits) = @_; return pack('n n n*', $dim, $unused, @bits); }
sub sparse { my ($dim, $unused, @elements) = @_; return pack('N N N N* ', $dim, @elements / 2, $unused, @elements); }

my $short = '08P01: insufficient data left in message';
my $long = '22P03: incorrect binary data format';

# halfvec
is(error_of('halves', halves(4, 0, 0x3c00, 0xc100, 0x0001, 0xfbff)), '', 'halfvec: four elements');
is(error_of('halves', halves(16000, 0, (0x3800) x 16000)), '', 'halfvec: as many elements as there may be');
is(error_of('three', halves(3, 0, 0, 0x8000, 0x3c00)), '', 'halfvec: as many elements as the column says');
is($node->safe_psql('postgres', 'SELECT left(v::text, 32) FROM halves UNION ALL SELECT v::text FROM three'),
    join("\n", '[1,-2.5,5.9604645e-08,-65504]', substr('[' . '0.5,' x 9, 0, 32), '[0,-0,1]'), 'halfvec: values arrive as they were sent');
is(error_of('halves', substr(halves(3, 0, 1, 2, 3), 0, $_)), $short, "halfvec: $_ bytes") for 0, 3, 4, 5, 9;
is(error_of('halves', halves(1, 0, 1, 2)), $long, 'halfvec: an element too many');
is(error_of('halves', halves(1, 0, 1) . 'x'), $long, 'halfvec: a byte too many');
is(error_of('halves', halves(0, 0)), '22000: halfvec must have at least 1 dimension', 'halfvec: no dimension');
is(error_of('halves', halves($_, 0)), '54000: halfvec cannot have more than 16000 dimensions', "halfvec: $_ dimensions") for 16001, 0x8000, 0xffff;
is(error_of('halves', halves(1, 0x8000, 0)), '22000: expected unused to be 0, not 32768', 'halfvec: unused');
is(error_of('three', halves(2, 0, 0, 0)), '22000: expected 3 dimensions, not 2', 'halfvec: too few for the column');
is(error_of('halves', halves(2, 0, 0x3c00, $_)), '22000: NaN not allowed in halfvec', sprintf 'halfvec: NaN %x', $_) for 0x7c01, 0x7e00, 0xffff;
is(error_of('halves', halves(2, 0, $_, 0)), '22000: infinite value not allowed in halfvec', sprintf 'halfvec: infinity %x', $_) for 0x7c00, 0xfc00;

# sparsevec; indices come before values and count from 0.
my ($one, $minus, $denormal) = (0x3f800000, 0xc0200000, 1);
is(error_of('sparse', sparse(9, 0, 0, 4, 8, $one, $minus, $denormal)), '', 'sparsevec: three elements');
is(error_of('sparse', sparse(1000000000, 0)), '', 'sparsevec: no element of as many dimensions as there may be');
is(error_of('sparse', sparse(16000, 0, 0 .. 15999, ($one) x 16000)), '', 'sparsevec: as many elements as there may be');
is(error_of('nine', sparse(9, 0, 8, $one)), '', 'sparsevec: as many dimensions as the column says');
is($node->safe_psql('postgres', 'SELECT left(v::text, 24) FROM sparse UNION ALL SELECT v::text FROM nine'),
    join("\n", '{1:1,5:-2.5,9:1e-45}/9', '{}/1000000000', '{1:1,2:1,3:1,4:1,5:1,6:1', '{9:1}/9'), 'sparsevec: values arrive as they were sent');
is(error_of('sparse', substr(sparse(9, 0, 1, 2, $one, $one), 0, $_)), $short, "sparsevec: $_ bytes") for 0, 3, 11, 12, 16, 20, 27;
is(error_of('sparse', sparse(9, 0, 1, $one) . 'x'), $long, 'sparsevec: a byte too many');
is(error_of('sparse', pack('N3', 0x7fffffff, 0x7fffffff, 0)), '54000: sparsevec cannot have more than 1000000000 dimensions', 'sparsevec: dimensions');
is(error_of('sparse', pack('N3', $_, 0, 0)), '22000: sparsevec must have at least 1 dimension', "sparsevec: dimension $_") for 0, 0x80000000, 0xffffffff;
is(error_of('sparse', pack('N3', 9, 0xffffffff, 0)), '22000: sparsevec cannot have negative number of elements', 'sparsevec: negative');
is(error_of('sparse', pack('N3', 1000000000, $_, 0)), '54000: sparsevec cannot have more than 16000 non-zero elements', "sparsevec: $_ elements") for 16001, 0x7fffffff;
is(error_of('sparse', pack('N3', 1, 2, 0)), '54000: sparsevec cannot have more elements than dimensions', 'sparsevec: more elements than dimensions');
is(error_of('sparse', sparse(9, 1, 1, $one)), '22000: expected unused to be 0, not 1', 'sparsevec: unused');
is(error_of('nine', sparse(8, 0)), '22000: expected 9 dimensions, not 8', 'sparsevec: too few for the column');
is(error_of('sparse', sparse(9, 0, $_, $one)), '22000: sparsevec index out of bounds', "sparsevec: index $_") for 9, 0x7fffffff, 0x80000000, 0xffffffff;
is(error_of('sparse', sparse(9, 0, 3, 2, $one, $one)), '22000: sparsevec indices must be in ascending order', 'sparsevec: descending');
is(error_of('sparse', sparse(9, 0, 3, 3, $one, $one)), '22000: sparsevec indices must not contain duplicates', 'sparsevec: twice');
is(error_of('sparse', sparse(9, 0, 3, $_)), '22000: binary representation of sparsevec cannot contain zero values', sprintf 'sparsevec: zero %x', $_) for 0, 0x80000000;
is(error_of('sparse', sparse(9, 0, 3, 0x7fc00000)), '22000: NaN not allowed in sparsevec', 'sparsevec: NaN');
is(error_of('sparse', sparse(9, 0, 3, 0xff800000)), '22000: infinite value not allowed in sparsevec', 'sparsevec: infinity');

# What one server writes, another reads.
for my $table (qw(halves sparse))
{
    my $type = { halves => 'halfvec', sparse => 'sparsevec' }->{$table};
    $node->safe_psql('postgres', "COPY $table TO '$file.out' (FORMAT binary); CREATE TABLE ${table}_copied (v $type); COPY ${table}_copied FROM '$file.out' (FORMAT binary)");
    is( $node->safe_psql('postgres', "SELECT count(*), (SELECT count(*) FROM ${table}_copied) FROM $table a JOIN ${table}_copied b ON ${type}_send(a.v) = ${type}_send(b.v)"),
        { halves => '2|2', sparse => '3|3' }->{$table}, "$type: binary output is binary input");
}

$node->stop;
done_testing();
